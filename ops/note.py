"""The note of a long command that has begun, by which its next run takes it up."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

from sandbox.whole_file import write_file


class Note:
    """A dataclass that is kept in a file of a stack's notes; it holds no secret."""

    FILE: ClassVar[str]

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Return the note of a run that did not end; None where there is none."""
        file = directory / cls.FILE
        return cls(**json.loads(file.read_text())) if file.exists() else None

    def write(self, directory: Path) -> Self:
        """Put the note down, whole or not at all."""
        directory.mkdir(parents=True, exist_ok=True)
        content: Any = self
        write_file(directory / self.FILE, json.dumps(asdict(content), indent=2))
        return self

    @classmethod
    def remove(cls, directory: Path) -> None:
        """Forget the run: it is over."""
        (directory / cls.FILE).unlink(missing_ok=True)
