"""The one JSON line that every benchmark prints last."""

import json
import sys
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured figure beside what it is measured against; ``ratio`` is figure / against."""

    benchmark: str
    figure: float
    unit: str
    against: float
    details: dict[str, object] = field(default_factory=dict)

    def line(self) -> str:
        """Return the JSON line."""
        ratio = round(self.figure / self.against, 3) if self.against else None
        return json.dumps({**asdict(self), "ratio": ratio})


def progress(text: str) -> None:
    """Tell on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)
