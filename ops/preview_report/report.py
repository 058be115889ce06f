"""Everything a report tells, put together, and its form for programs."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Literal

from infra.capacity import Room
from ops.preview_report.cluster_rights import cluster_rights
from ops.preview_report.dangers import Danger, Documents, in_order
from ops.preview_report.iam import rights
from ops.preview_report.layers import by_layer
from ops.preview_report.losses import losses, protections, rewritten_secrets
from ops.preview_report.money import Money
from ops.preview_report.preview import PolicyNote, Preview, Step
from ops.preview_report.safeguards import safeguards
from ops.preview_report.security_groups import openings
from ops.preview_report.setting_changes import SettingChange
from ops.preview_report.values import path_text, value_text

Verdict = Literal["failed", "forbidden", "approval", "safe"]
# The policy of policy/pack.py that tells what could not be held to a control yet.
_NOT_CHECKED = "not-checked"


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """Whether what scales fits: figures now and before, and what does not fit, in words.

    ``missing`` says why nothing is known.
    """

    rooms: tuple[Room, ...] = ()
    before: tuple[Room, ...] = ()
    problems: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class ConfigDifference:
    """The diff of LiteLLM's rendered configuration; ``missing`` says why there is none."""

    lines: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a change does to a stack. ``waivers`` are those of policies that the change adds."""

    stack: str
    commit: str
    preview: Preview
    dangers: tuple[Danger, ...]
    money: Money
    capacity: Capacity
    config: ConfigDifference
    settings: tuple[SettingChange, ...]
    settings_missing: str = ""

    @property
    def verdict(self) -> Verdict:
        """``failed`` and ``forbidden`` go before ``approval``: nobody can approve those."""
        if self.preview.forbidden:
            return "forbidden"
        if self.preview.failed:
            return "failed"
        return "approval" if self.dangers else "safe"

    @property
    def layers(self) -> dict[str, list[Step]]:
        return by_layer(self.preview.changed)

    @property
    def violations(self) -> tuple[PolicyNote, ...]:
        return tuple(note for note in self.preview.policies or () if note.mandatory)

    @property
    def advisories(self) -> tuple[PolicyNote, ...]:
        return tuple(
            note
            for note in self.preview.policies or ()
            if not note.mandatory and note.policy != _NOT_CHECKED
        )

    @property
    def not_checked(self) -> tuple[PolicyNote, ...]:
        return tuple(
            note
            for note in self.preview.policies or ()
            if not note.mandatory and note.policy == _NOT_CHECKED
        )

    def as_document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "stack": self.stack,
            "commit": self.commit,
            "verdict": self.verdict,
            "errors": list(self.preview.errors),
            "warnings": list(self.preview.warnings),
            "dangers": [{**vars(one), "kind": one.kind.name.lower()} for one in self.dangers],
            "counts": counts(self.preview),
            "layers": {
                layer: [_step(step) for step in steps] for layer, steps in self.layers.items()
            },
            "cost": {**asdict(self.money), "delta": self.money.delta},
            "capacity": asdict(self.capacity),
            "policies": None
            if self.preview.policies is None
            else {
                "packs": list(self.preview.packs),
                "violations": [vars(note) for note in self.violations],
                "advisories": [vars(note) for note in self.advisories],
                "not_checked": [vars(note) for note in self.not_checked],
            },
            "config": asdict(self.config),
            "settings": {
                "changes": [vars(one) for one in self.settings],
                "missing": self.settings_missing,
            },
        }


def find_dangers(
    preview: Preview, documents: Documents | None, more: tuple[Danger, ...] = ()
) -> tuple[Danger, ...]:
    """Return everything dangerous in a preview, the gravest kind first."""
    finders: tuple[Callable[[Preview], Any], ...] = (
        *(losses, rewritten_secrets, protections, safeguards, openings, cluster_rights),
    )
    found = chain.from_iterable(finder(preview) for finder in finders)
    return in_order(chain(found, rights(preview, documents), more))


def counts(preview: Preview) -> dict[str, int]:
    """Return how many resources are created, changed, replaced and deleted."""
    actions = ("create", "import", "update", "replace", "delete")
    numbers = {name: sum(step.action == name for step in preview.steps) for name in actions}
    return {name: number for name, number in numbers.items() if number}


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "type": step.type,
        "name": step.name,
        "urn": step.urn,
        "properties": [
            {
                "path": path_text(one.path),
                "old": value_text(one.old),
                "new": value_text(one.new),
                "replaces": one.replaces,
            }
            for one in step.differences
        ],
    }
