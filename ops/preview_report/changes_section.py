"""The changes by layer, with the properties that change."""

from collections.abc import Sequence

from ops.preview_report.markdown import block, bullets, code, details
from ops.preview_report.preview import Difference, Step
from ops.preview_report.text_difference import document_difference
from ops.preview_report.values import Word, path_text, value_text

_ORDER = ("replace", "delete", "create", "import", "update")
_WORDS = {
    "replace": "to replace",
    "delete": "to delete",
    "create": "to create",
    "import": "to import",
    "update": "to update",
}
# Texts longer than this are told by their difference.
_LONG = 160
_MOST_LINES = 24
_MOST_PROPERTIES = 25
_MOST_NAMES = 12


def summary(steps: Sequence[Step]) -> str:
    """Return how many resources of a list are replaced, deleted and so on."""
    numbers = {name: sum(step.action == name for step in steps) for name in _ORDER}
    return ", ".join(f"{number} {_WORDS[name]}" for name, number in numbers.items() if number)


def with_properties(layer: str, steps: Sequence[Step]) -> str:
    """Return a layer with every property; resources that change alike are told once."""
    alike: dict[tuple[str, str], list[Step]] = {}
    for step in sorted(steps, key=lambda one: (_ORDER.index(one.action), one.label)):
        alike.setdefault((step.action, _properties(step)), []).append(step)
    parts = []
    for (action, properties), found in alike.items():
        head = f"- {_WORDS[action]}: {_names(found)}"
        parts.append(f"{head}\n{properties}" if properties else head)
    return details(f"{layer}: {summary(steps)}", "\n".join(parts))


def with_names(layer: str, steps: Sequence[Step]) -> str:
    """Return a layer with the names of its resources only."""
    lines = [
        f"{_WORDS[action]}: {_names(found)}"
        for action in _ORDER
        if (found := [step for step in steps if step.action == action])
    ]
    return details(f"{layer}: {summary(steps)}", bullets(lines))


def _names(steps: Sequence[Step]) -> str:
    names = [code(step.label) for step in steps[:_MOST_NAMES]]
    rest = len(steps) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")


def _properties(step: Step) -> str:
    shown = step.differences[:_MOST_PROPERTIES]
    lines = [_property(one) for one in shown]
    if rest := len(step.differences) - len(shown):
        lines.append(f"  - and {rest} more")
    if step.old and step.new and step.old.protect != step.new.protect:
        lines.append(f"  - protect: {step.old.protect} → {step.new.protect}")
    return "\n".join(lines)


def _property(one: Difference) -> str:
    head = f"  - {code(path_text(one.path))}"
    forced = " (replaces it)" if one.replaces else ""
    old, new = value_text(one.old), value_text(one.new)
    told = not isinstance(one.old, Word) and not isinstance(one.new, Word)
    if told and max(len(old), len(new)) > _LONG:
        lines = document_difference(old, new)
        shown = [line[:_LONG] for line in lines[:_MOST_LINES]]
        if len(lines) > len(shown):
            shown.append(f"… {len(lines) - len(shown)} more lines")
        diff = "\n".join(f"    {line}" for line in block(shown, "diff").splitlines())
        return f"{head}{forced}:\n\n{diff}\n"
    return f"{head}: {code(old)} → {code(new)}{forced}"
