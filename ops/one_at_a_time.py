"""A lock for a long command, so that a note of an earlier run means that it was killed."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

_LOCK = "lock"


class AnotherRun(Exception):
    """The same command is at work already."""


@contextlib.contextmanager
def one_at_a_time(directory: Path, what: str) -> Iterator[None]:
    """Hold a directory of notes; raise AnotherRun, which names ``what``, if another run does.

    The lock ends with its process, also with one that is killed.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRun(f"another {what} runs; wait for it to end") from None
        yield
