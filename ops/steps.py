"""The steps of a long command, told on standard error as they begin, with their seconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step that is over, and how long it took."""

    name: str
    seconds: float

    @property
    def line(self) -> str:
        """The step for people."""
        return f"{self.seconds:7.1f} s  {self.name}"

    def as_document(self) -> dict[str, object]:
        """Return the step for ``--json``."""
        return {"name": self.name, "seconds": round(self.seconds, 1)}


class Steps:
    """Tells of each step and keeps its seconds."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.failed = ""
        """Name of the first step that did not come to its end."""
        self._started = time.monotonic()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tell that a step begins; note its seconds once it is over."""
        began = time.monotonic()
        elapsed = click.style(f"{began - self._started:6.1f} s", dim=True)
        click.echo(f"{elapsed}  {click.style(name, bold=True)}", err=True)
        try:
            yield
        except BaseException:
            self.failed = self.failed or name
            raise
        self.done.append(Step(name=name, seconds=time.monotonic() - began))
