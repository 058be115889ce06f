"""The checks by name, in the order in which they are shown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from infra.suggestions import hint
from ops.doctor.findings import Finding
from ops.doctor.running_stack import RunningStack

Examine = Callable[[RunningStack], Iterable[Finding]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing to look at: ``examine`` yields what it finds, and may raise what it meets.

    ``seconds`` is how long it may take before it counts as not told.
    """

    name: str
    looks_at: str
    examine: Examine
    seconds: float = 180

    @property
    def page(self) -> str:
        """Where to read what to do."""
        return f"docs/runbooks/doctor.md#{self.name}"


class UnknownCheckError(Exception):
    """There is no check of a name; the message says which there are."""


def chosen(checks: Sequence[Check], only: Sequence[str], skip: Sequence[str]) -> list[Check]:
    """Return the named checks, or all, without the skipped; raise UnknownCheckError."""
    known = [check.name for check in checks]
    for name in (*only, *skip):
        if name not in known:
            raise UnknownCheckError(
                f"there is no check {name!r}: {hint(name, known)}; --list tells of each"
            )
    found = [c for c in checks if (not only or c.name in only) and c.name not in skip]
    if not found:
        raise UnknownCheckError("every check is skipped; leave one of them")
    return found
