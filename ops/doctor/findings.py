"""What a check finds, and how bad that is. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How one thing is."""

    OK = "ok"
    ATTENTION = "attention"
    FAILED = "failed"
    UNKNOWN = "could not tell"


_WORST_FIRST = (Result.FAILED, Result.ATTENTION, Result.UNKNOWN, Result.OK)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``advice`` is a command or the place of a page."""

    result: Result
    text: str
    advice: str = ""


def ok(text: str) -> Finding:
    return Finding(result=Result.OK, text=text)


def attention(text: str, advice: str = "") -> Finding:
    """Something that works and will not for ever, or that somebody should know."""
    return Finding(result=Result.ATTENTION, text=text, advice=advice)


def failed(text: str, advice: str = "") -> Finding:
    """Something that does not do what it is there for."""
    return Finding(result=Result.FAILED, text=text, advice=advice)


def unknown(text: str, advice: str = "") -> Finding:
    """Something that could not be looked at; the text says why."""
    return Finding(result=Result.UNKNOWN, text=text, advice=advice)


def worst(results: Iterable[Result]) -> Result:
    """Return the result that decides; ``ok`` where there is none."""
    return min(results, key=_WORST_FIRST.index, default=Result.OK)


def shortened(names: Iterable[str], most: int = 5) -> str:
    """Return some names for one line, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
