"""What a rotation was, as data and as text."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from infra.secret_families import database_user
from ops.rotate.checks import Check
from ops.rotate.plan import Move, Plan
from ops.steady_load import Load
from ops.steps import Step

# Until when the credential before is good, by the key in `rotation`.
_STILL_VALID = {
    "masterKey": "is refused by every pod; its Secret stays for `--rollback` until epoch {next}",
    "database": "still logs in, as {user}, until epoch {next} gives that user another password",
    "cache": "still logs in until epoch {next}",
    "drainToken": "is known to no pod any more; its Secret stays for `--rollback` until epoch "
    "{next}",
    "uiPassword": "is refused by every pod; its Secret stays for `--rollback` until epoch {next}",
    "grafanaAdmin": "is in no pod of Grafana any more; its Secret stays for `--rollback` until "
    "epoch {next}",
}
_SUPPLIED = "is in no pod any more, and good until whoever issued it ends it; do that now"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The end of a rotation: ``verified`` are checks with an answer, ``unasked`` the others."""

    plan: Plan
    load: Load
    steps: Sequence[Step]
    checks: Sequence[Check]

    @property
    def verified(self) -> list[Check]:
        return [check for check in self.checks if check.passed is not None]

    @property
    def unasked(self) -> list[Check]:
        return [check for check in self.checks if check.passed is None]

    @property
    def is_verified(self) -> bool:
        return all(check.passed for check in self.verified)

    def as_document(self) -> dict[str, object]:
        """Return what ``--json`` prints; epochs are those of the first family."""
        first = self.plan.moves[0]
        return {
            "family": " ".join(self.plan.names),
            "from_epoch": first.from_epoch,
            "to_epoch": first.to_epoch,
            "families": [
                {**move.as_document(), "previous": _previous(move)} for move in self.plan.moves
            ],
            **self.load.as_document(),
            "steps": [step.as_document() for step in self.steps],
            "verified": [{"name": c.name, "passed": c.passed} for c in self.verified],
            "unasked": [{"name": c.name, "reason": c.reason} for c in self.unasked],
        }

    def as_text(self) -> str:
        """Return the report for people."""
        lines = []
        for move in self.plan.moves:
            lines += [move.line, f"  epoch {move.from_epoch} {_previous(move)}"]
        lines += ["", *(step.line for step in self.steps), ""]
        for check in self.checks:
            reason = f" ({check.reason})" if check.reason else ""
            lines.append(f"  {_mark(check)}  {check.name}{reason}")
        return "\n".join([*lines, "", *self.load.lines()])


def _previous(move: Move) -> str:
    """Say until when the epoch that was left is good."""
    text = _STILL_VALID.get(move.family.setting, _SUPPLIED)
    newest = max(move.from_epoch, move.to_epoch)
    return text.format(next=newest + 1, user=database_user(move.from_epoch))


def _mark(check: Check) -> str:
    if check.passed is None:
        return click.style("not asked", fg="yellow")
    colour, word = ("green", "right") if check.passed else ("red", "wrong")
    return click.style(f"{word:9}", fg=colour)
