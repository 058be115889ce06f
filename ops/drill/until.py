"""Waiting for what a drill needs, and giving it up."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_POLL_SECONDS = 0.5


class DrillError(Exception):
    """A drill cannot go on; the message says why and what to do."""


def until(read: Callable[[], T | None], wanted: str, seconds: float = 90) -> T:
    """Return what ``read`` gives as soon as it is no longer None; DrillError after a while."""
    deadline = time.monotonic() + seconds
    while (found := read()) is None:
        if time.monotonic() > deadline:
            raise DrillError(f"there is no {wanted} after {seconds:.0f} s")
        time.sleep(_POLL_SECONDS)
    return found
