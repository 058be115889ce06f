"""What changes in a stack's file: models, teams, budgets, limits, and everything else."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.supplied_secrets import SUPPLIED_SECRETS_KEY
from ops.preview_report.values import (
    ABSENT,
    SECRET,
    Path,
    at,
    leaves,
    path_text,
    readable,
    value_text,
)
from sandbox.stack_files import PROJECT

# Subject → sections of a stack's file, or a part of one. The first that fits has a setting.
_SUBJECTS = (
    ("Models", (("models",), ("aliases",), ("providers",), ("dataResidency",))),
    ("Teams", (("bedrock", "teams"),)),
    ("Budgets", (("budget",), ("monitoring", "thresholds", "dailySpendUsd"))),
    ("Limits", (("limits",),)),
)
_OTHER = "Other settings"
# A limit of this name is money.
_BUDGETS = ("budget", "Budget")


@dataclass(frozen=True, kw_only=True)
class SettingChange:
    """One setting of which the value changes."""

    subject: str
    key: str
    old: str
    new: str


def setting_changes(
    before: Mapping[str, str], after: Mapping[str, str], hide: Callable[[str], str]
) -> tuple[SettingChange, ...]:
    """Return the differences of two configurations (full key → text or JSON), by subject."""
    old, new = _tree(before, hide), _tree(after, hide)
    found = [
        SettingChange(
            subject=_subject(path),
            key=path_text(path),
            old=value_text(earlier),
            new=value_text(later),
        )
        for path, earlier, later in _differences(old, new)
    ]
    subjects = [name for name, _ in _SUBJECTS] + [_OTHER]
    return tuple(sorted(found, key=lambda one: subjects.index(one.subject)))


def _tree(configuration: Mapping[str, str], hide: Callable[[str], str]) -> dict[str, Any]:
    prefix = f"{PROJECT}:"
    tree: dict[str, Any] = {}
    for key, text in configuration.items():
        section = key.removeprefix(prefix)
        value = json.loads(text) if text.lstrip().startswith(("{", "[")) else text
        if section == SUPPLIED_SECRETS_KEY:
            value = _only_words(value)
        tree[section] = _by_name(readable(value, hide, section))
    return tree


def _only_words(value: Any) -> Any:
    """Whatever is supplied is secret, even where somebody has left it in clear."""
    if isinstance(value, Mapping):
        return {key: _only_words(one) for key, one in value.items()}
    return SECRET.text


def _by_name(value: Any) -> Any:
    """Turn a list of things with names into a mapping, so that each is compared with itself."""
    if isinstance(value, Mapping):
        return {key: _by_name(one) for key, one in value.items()}
    if isinstance(value, list):
        for key in ("name", "id"):
            names = {str(one[key]) for one in value if isinstance(one, Mapping) and key in one}
            if value and len(names) == len(value):
                return {str(one[key]): _by_name(one) for one in value}
    return value


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[Path, Any, Any]]:
    """Yield what differs; a model or team that is new or gone is told once, as a whole."""
    told: set[Path] = set()
    for path, earlier, later in leaves(old, new):
        whole = next((start for start in _entries(path) if _is_half(old, new, start)), path)
        if whole == path:
            yield path, earlier, later
        elif whole not in told:
            told.add(whole)
            yield whole, at(old, whole), at(new, whole)


def _entries(path: Path) -> Iterator[Path]:
    """The places of the list on the way whose entries have names."""
    for place in (("models",), ("bedrock", "teams")):
        if path[: len(place)] == place and len(path) > len(place) + 1:
            yield path[: len(place) + 1]


def _is_half(old: Mapping[str, Any], new: Mapping[str, Any], path: Path) -> bool:
    return ABSENT in (at(old, path), at(new, path))


def _subject(path: Path) -> str:
    if path[0] == "limits" and any(mark in str(part) for part in path for mark in _BUDGETS):
        return "Budgets"
    for subject, places in _SUBJECTS:
        if any(path[: len(place)] == place for place in places):
            return subject
    return _OTHER
