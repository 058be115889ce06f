"""A small JSON record in a sandbox's state, changed by one process at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.whole_file import write_file

HIGHEST_INDEX = 254


class BackingServiceError(Exception):
    """A local server cannot do what was asked; the message is for whoever runs Pulumi."""


class NoAddressLeft(BackingServiceError):
    """All addresses of a kind of service are in use."""


class Record:
    """A JSON object in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Any]:
        """Return the object; an empty one where nothing was written yet."""
        try:
            content: dict[str, Any] = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return content

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """Yield the object for changes, which are written whole unless an error ends it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self.read()
            yield content
            write_file(self._path, json.dumps(content, indent=2, sort_keys=True) + "\n")
        finally:
            os.close(lock)


def take_index(record: Record, identifier: str) -> int:
    """Return the identifier's number, if it has none the lowest free one; or NoAddressLeft."""
    with record.changed() as indexes:
        if identifier not in indexes:
            free = set(range(1, HIGHEST_INDEX + 1)) - set(indexes.values())
            if not free:
                raise NoAddressLeft(
                    f"all {HIGHEST_INDEX} addresses are in use, {identifier} gets none"
                )
            indexes[identifier] = min(free)
        return int(indexes[identifier])


def release_index(record: Record, identifier: str) -> None:
    with record.changed() as indexes:
        indexes.pop(identifier, None)
