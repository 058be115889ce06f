"""What a destroy will have left, kept until it is over: a half-deleted state no longer tells."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from ops.destroy.remains import Remains
from ops.note import Note


@dataclass(frozen=True)
class Journal(Note):
    """A destroy that has begun; there are names in it and nothing else."""

    FILE: ClassVar = "destroy.json"

    stays: Sequence[dict[str, Any]]

    @classmethod
    def begin(cls, directory: Path, stays: Sequence[Remains]) -> list[Remains]:
        """Add what is foreseen to what an interrupted run has noted, and return all of it."""
        earlier = cls.read(directory)
        noted = [Remains(**one) for one in earlier.stays] if earlier else []
        together = list({(one.kind, one.name): one for one in (*noted, *stays)}.values())
        cls([asdict(one) for one in together]).write(directory)
        return together
