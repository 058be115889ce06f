"""The note of an upgrade that has begun, by which the next run goes on or cleans up after it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ops.note import Note


@dataclass(frozen=True, kw_only=True)
class Journal(Note):
    """An upgrade between its confirmation and its end; it holds no secret.

    Until ``tried`` nothing of the gateway was changed, and the next run begins anew. After it the
    next run goes on.
    """

    FILE: ClassVar = "upgrade.json"

    from_version: str
    to_version: str
    changes: Mapping[str, str]
    previous: Mapping[str, str]
    snapshot: str
    name: str
    """Alias of the virtual key, and name of the credential, that are asked with."""
    value: str
    """What is stored in the credential; the name of a variable, and no secret."""
    tried: bool = False

    def mark_tried(self, directory: Path) -> "Journal":
        """Note that the version was tried, and the update of the stack comes next."""
        return replace(self, tried=True).write(directory)

    @property
    def command(self) -> str:
        """What takes the upgrade up again, without the options that say where."""
        return f"ops upgrade --to {self.to_version}"
