"""Waivers: what a control may be broken by, why, and until when."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from policy.control import Control, Status, Verdict
from policy.stack import Stack

FILE = Path(__file__).parent / "waivers.yaml"
_KEYS = frozenset({"row", "check", "resource", "stacks", "until", "reason"})
_NEEDED = _KEYS - {"stacks"}


class WaiverError(Exception):
    """The file of waivers is wrong; the message has a line for each mistake."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One check of one row that does not hold for some resources, with its reason and end."""

    row: int
    check: str
    resource: str
    """A pattern of labels, such as ``aws:s3/bucket:Bucket::access-logs*``."""
    reason: str
    until: datetime.date
    stacks: tuple[str, ...] = ()
    """Stacks for which it is meant; none means every stack."""

    def __str__(self) -> str:
        return f"row {self.row}, {self.check}, {self.resource}"

    def is_for(self, stack: Stack) -> bool:
        return not self.stacks or stack.name in self.stacks

    def covers(self, verdict: Verdict) -> bool:
        """Whether it is about this check of this resource; whether it holds is another matter."""
        return (
            verdict.control.row == self.row
            and verdict.check == self.check
            and fnmatchcase(verdict.resource.label, self.resource)
        )


def load(controls: Iterable[Control], file: Path = FILE) -> tuple[Waiver, ...]:
    """Read the waivers; raise :class:`WaiverError` with every mistake in the file."""
    checks = {control.row: control.check_names for control in controls}
    mistakes: list[str] = []
    waivers: list[Waiver] = []
    for number, entry in enumerate(yaml.safe_load(file.read_text()) or [], start=1):
        found = list(_mistakes(entry, checks))
        mistakes.extend(f"{file.name}, waiver {number}: {mistake}" for mistake in found)
        if not found:
            stacks = tuple(entry.pop("stacks", ()))
            waivers.append(Waiver(**entry, stacks=stacks))
    if mistakes:
        raise WaiverError("\n".join(mistakes))
    return tuple(waivers)


def _mistakes(entry: Any, checks: dict[int, tuple[str, ...]]) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield "is not a mapping of keys"
        return
    for key in sorted(_NEEDED - entry.keys()):
        yield f"{key} is missing"
    for key in sorted(entry.keys() - _KEYS):
        yield f"{key} is not a key; keys are {', '.join(sorted(_KEYS))}"
    row = entry.get("row")
    if "row" in entry and row not in checks:
        yield f"row {row} is no control"
    elif "check" in entry and row in checks and entry["check"] not in checks[row]:
        yield f"check {entry['check']} is not of row {row}: {', '.join(checks[row])}"
    if "until" in entry and type(entry["until"]) is not datetime.date:
        yield f"until {entry['until']} is not a date, such as 2027-06-30"
    if "reason" in entry and not str(entry["reason"]).strip():
        yield "reason is empty"


def unwaived(
    verdicts: Iterable[Verdict], waivers: Sequence[Waiver], stack: Stack
) -> Iterator[Verdict]:
    """Yield the violations that no waiver covers."""
    for verdict in verdicts:
        if verdict.status is Status.VIOLATED and not any(
            waiver.is_for(stack) and waiver.covers(verdict) for waiver in waivers
        ):
            yield verdict


def spent(
    waivers: Iterable[Waiver],
    verdicts: Sequence[Verdict],
    stack: Stack,
    today: datetime.date,
) -> Iterator[str]:
    """Yield a sentence for each waiver that has ended or that nothing needs.

    One whose check could not be done yet may still be needed.
    """
    for waiver in waivers:
        if not waiver.is_for(stack):
            continue
        if waiver.until < today:
            yield f"{waiver}: ended on {waiver.until}; fix what it waived or give a new reason"
        statuses = {verdict.status for verdict in verdicts if waiver.covers(verdict)}
        if not statuses & {Status.VIOLATED, Status.NOT_CHECKED}:
            yield f"{waiver}: nothing needs it in stack {stack.name}; remove it"
