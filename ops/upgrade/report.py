"""What an upgrade was, as data and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from ops.steady_load import Load
from ops.steps import Step
from ops.upgrade.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was asked, where, and what was wrong with the answer."""

    where: str
    """``trial``, on the copy of the database, or ``gateway``."""
    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The end of an upgrade."""

    plan: Plan
    snapshot: str
    steps: Sequence[Step]
    checks: Sequence[Check]
    load: Load = field(default_factory=Load)

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def as_document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "from_version": self.plan.from_version,
            "to_version": self.plan.to_version,
            "passed": self.passed,
            "settings": settings_of(self.plan.changes),
            "snapshot": self.snapshot,
            **self.load.as_document(),
            "steps": [step.as_document() for step in self.steps],
            "checks": [vars(check) for check in self.checks],
        }

    def as_text(self) -> str:
        """Return the report for people."""
        lines = [f"LiteLLM {self.plan.from_version} → {self.plan.to_version}", ""]
        lines += [*(step.line for step in self.steps), ""]
        for check in self.checks:
            detail = f" ({check.detail})" if check.detail else ""
            lines.append(f"  {_mark(check)}  {check.where}: {check.name}{detail}")
        lines += ["", *self.load.lines()]
        lines += ["", f"the database of before is in the snapshot {self.snapshot}"]
        return "\n".join(lines)


def settings_of(changes: Mapping[str, str]) -> dict[str, str]:
    """Return changed settings as people read them."""
    return {key: text.strip('"') for key, text in changes.items()}


def _mark(check: Check) -> str:
    colour, word = ("green", "right") if check.passed else ("red", "wrong")
    return click.style(f"{word:5}", fg=colour)
