"""The note of a rotation that has begun, by which the next run takes it up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ops.note import Note
from ops.rotate.families import RotatingFamily
from ops.rotate.plan import Move, Plan


@dataclass(frozen=True, kw_only=True)
class Journal(Note):
    """A rotation between its confirmation and its end; it holds no secret.

    ``updated`` says that the stack was brought up with it. ``key_alias`` names the virtual key that
    asked meanwhile.
    """

    FILE: ClassVar = "rotation.json"

    rollback: bool
    from_epochs: Mapping[str, int]
    to_epochs: Mapping[str, int]
    changes: Mapping[str, str]
    key_alias: str
    updated: bool = False

    def plan(self, families: Sequence[RotatingFamily]) -> Plan:
        """Return the plan that was begun."""
        moves = [
            Move(
                family=one,
                from_epoch=self.from_epochs[one.name],
                to_epoch=self.to_epochs[one.name],
            )
            for one in families
            if one.name in self.to_epochs
        ]
        return Plan(moves=moves, changes=self.changes)

    @property
    def command(self) -> str:
        """What takes the rotation up again, without the options that say where."""
        back = " --rollback" if self.rollback else ""
        return f"ops rotate {' '.join(self.to_epochs)}{back}"

    def mark_updated(self, directory: Path) -> "Journal":
        """Note that the stack is up to the new configuration."""
        return replace(self, updated=True).write(directory)
