"""What a run of the tests measures: told at its end, and never asserted where it is a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Figures:
    """Figures by their subject, and what became of each fault."""

    by_subject: dict[str, object] = field(default_factory=dict)
    faults: dict[str, float | None] = field(default_factory=dict)
    """Fault → seconds until what it hit serves again; None for one that was not survived."""

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """Count a fault as tried, and as survived if the block comes to its end."""
        self.faults[name] = None
        began = time.monotonic()
        yield
        self.faults[name] = round(time.monotonic() - began, 1)

    def told(self) -> dict[str, object]:
        """Return all figures; empty where nothing was measured."""
        if not self.faults:
            return self.by_subject
        survived = {name: seconds for name, seconds in self.faults.items() if seconds is not None}
        counts = {"tried": len(self.faults), "survived": len(survived)}
        return self.by_subject | {"faults": counts | {"seconds": survived}}


FIGURES = Figures()
