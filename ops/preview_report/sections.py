"""The sections of the comment, each in a full form and in shorter ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ops.preview_report.changes_section import summary, with_names, with_properties
from ops.preview_report.dangers import Kind
from ops.preview_report.markdown import block, bullets, code, details, prose, table
from ops.preview_report.report import PolicyNote, Report

_MOST = 40
_MOST_LINES = 15
_LONGEST = 400
# Errors, lines of each and characters of a line.
_ERRORS = ((15, 40, 400), (8, 12, 200), (3, 5, 160))
# USD a month.
_WORTH_A_LINE = 0.05


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the comment: its forms, the fullest first, and what the shorter ones leave out."""

    forms: tuple[str, ...]
    cut: str = ""


def marker(stack: str) -> str:
    """Return the line by which the comment of a stack is found again."""
    return f"<!-- litellm-gateway: preview of {stack} -->"


def sections(report: Report) -> list[Section]:
    """Return the sections in the order of the comment."""
    builders: tuple[Callable[[Report], Section], ...] = (
        *(_heading, _errors, _dangers, _changes, _settings, _cost, _capacity, _policies, _config),
    )
    found = [builder(report) for builder in builders]
    return [section for section in found if section.forms[0]]


_VERDICTS = {
    "safe": "nothing dangerous",
    "approval": "a person must approve",
    "failed": "the preview failed",
    "forbidden": "forbidden by policy",
}


def _heading(report: Report) -> Section:
    told = summary(report.preview.changed) or "nothing to change"
    commit = f" at {code(report.commit)}" if report.commit else ""
    lines = [
        f"## Preview of {code(report.stack)}: {_VERDICTS[report.verdict]}",
        f"{told[0].upper()}{told[1:]}{commit}.",
    ]
    if not report.dangers and report.verdict == "safe":
        lines.append("No data, key, protection or access is at stake.")
    return Section(forms=("\n\n".join(lines),))


def _errors(report: Report) -> Section:
    if not report.preview.errors:
        return Section(forms=("",))
    head = "### Errors\n\n"
    forms = (head + _told(report.preview.errors, *most) for most in _ERRORS)
    return Section(forms=tuple(dict.fromkeys(forms)), cut="lines of errors")


def _told(errors: Sequence[str], most: int, most_lines: int, longest: int) -> str:
    parts = []
    for lines in (text.splitlines() for text in errors[:most]):
        shown = [line[:longest] for line in lines[:most_lines]]
        if rest := len(lines) - len(shown):
            shown.append(f"… {rest} more lines")
        parts.append(block(shown))
    if rest := len(errors) - len(parts):
        parts.append(f"and {rest} more errors")
    return "\n".join(parts)


def _dangers(report: Report) -> Section:
    if not report.dangers:
        return Section(forms=("",))

    def listed(most: int) -> Iterator[str]:
        left = most
        for kind in Kind:
            found = [one for one in report.dangers if one.kind is kind]
            if not found:
                continue
            yield f"**{kind.value}**\n"
            for one in found[: max(left, 1)]:
                yield f"- {code(one.resource)}: {prose(one.text[:_LONGEST])}"
            if len(found) > max(left, 1):
                yield f"- and {len(found) - max(left, 1)} more"
            yield ""
            left -= len(found)

    head = f"### Dangerous ({len(report.dangers)})\n\n"
    forms = (head + "\n".join(listed(most)).strip() for most in (1000, _MOST, 10))
    return Section(forms=tuple(dict.fromkeys(forms)), cut="some dangers")


def _changes(report: Report) -> Section:
    layers = report.layers
    if not layers:
        return Section(forms=("",))
    head = "### Changes by layer\n\n"
    counted = bullets(f"{layer}: {summary(steps)}" for layer, steps in layers.items())
    return Section(
        forms=(
            head + "\n".join(with_properties(layer, steps) for layer, steps in layers.items()),
            head + "\n".join(with_names(layer, steps) for layer, steps in layers.items()),
            head + counted,
        ),
        cut="properties that change",
    )


def _settings(report: Report) -> Section:
    head = "### Models, teams, budgets and limits\n\n"
    if report.settings_missing:
        return Section(forms=(f"{head}Not compared: {prose(report.settings_missing)}.",))
    if not report.settings:
        return Section(forms=(f"{head}No setting changes.",))
    lines = []
    for subject in dict.fromkeys(one.subject for one in report.settings):
        lines.append(f"- {subject}")
        lines += [
            f"  - {code(one.key)}: {code(one.old)} → {code(one.new)}"
            for one in report.settings
            if one.subject == subject
        ]
    forms = [head + "\n".join(lines)]
    if len(lines) > _MOST:
        forms.append(head + "\n".join([*lines[:_MOST], f"- and {len(lines) - _MOST} more lines"]))
    return Section(forms=tuple(forms), cut="settings that change")


def _cost(report: Report) -> Section:
    money = report.money
    head = "### Cost a month\n\n"
    notes = [f"Not known: {prose(text)}." for text in money.missing]
    notes += [f"Not in it: {prose(text)}." for text in money.unknown[:_MOST_LINES]]
    notes += [money.note] if money.note else []
    if money.after is None:
        return Section(forms=(head + "\n".join(notes or ["Not asked for."]),))
    before = "—" if money.before is None else f"{money.before:,.2f}"
    delta = "—" if money.delta is None else f"{money.delta:+,.2f}"
    total = table(
        ("USD", "before", "after", "delta"),
        [("**total**", before, f"{money.after:,.2f}", f"**{delta}**")],
    )
    told = [line for line in money.lines if abs(line.delta) >= _WORTH_A_LINE]
    rows = [
        (
            code(line.resource).replace("|", "\\|"),
            "—" if line.before is None else f"{line.before:,.2f}",
            "—" if line.after is None else f"{line.after:,.2f}",
            f"{line.delta:+,.2f}",
        )
        for line in told
    ]
    if rest := [line.delta for line in money.lines if abs(line.delta) < _WORTH_A_LINE]:
        rows.append((f"{len(rest)} others", "", "", f"{sum(rest):+,.2f}"))
    tail = "\n\n" + "\n".join(notes) if notes else ""
    if not rows:
        return Section(forms=(head + total + tail,))
    full = "\n".join([total, *("| " + " | ".join(row) + " |" for row in rows)])
    return Section(forms=(head + full + tail, head + total + tail), cut="lines of the cost")


def _capacity(report: Report) -> Section:
    found = report.capacity
    head = "### Capacity\n\n"
    if found.missing:
        return Section(forms=(f"{head}Not checked: {prose(found.missing)}.",))
    earlier = {room.what: room for room in found.before}
    rows = []
    for room in found.rooms:
        before = earlier.get(room.what)
        was = f"{before.needed:,} of {before.offered:,}" if before else "—"
        mark = "" if room.fits else " (does not fit)"
        rows.append((room.what, was, f"{room.needed:,} of {room.offered:,}{mark}"))
    text = head + table(("at full scale", "before", "after"), rows)
    if found.problems:
        text += "\n\n" + bullets(prose(problem) for problem in found.problems)
    return Section(forms=(text,))


def _policies(report: Report) -> Section:
    head = "### Policies\n\n"
    if report.preview.policies is None:
        return Section(
            forms=(
                f"{head}Not told: `pulumi preview --json` leaves them out, or no policy pack ran. "
                "Give the engine's events of a preview with `--policy-pack`.",
            )
        )
    packs = ", ".join(code(pack) for pack in report.preview.packs) or "Policies"
    told = [
        f"{packs}: {len(report.violations)} violated, {len(report.advisories)} advisories, "
        f"{len(report.not_checked)} not checked before the update."
    ]
    told += [_note(note) for note in report.violations[:_MOST]]
    short = head + "\n".join([told[0], "", *told[1:]])
    full = short
    if report.advisories:
        full += "\n\n" + bullets(_note(note)[2:] for note in report.advisories)
    if report.not_checked:
        body = bullets(prose(note.message) for note in report.not_checked)
        full += "\n\n" + details("Not checked before the update", body)
    return Section(forms=(full.rstrip(), short.rstrip()), cut="advisories and what was not checked")


def _note(note: PolicyNote) -> str:
    return f"- {code(note.policy)}: {prose(note.message[:_LONGEST])}"


def _config(report: Report) -> Section:
    head = "### LiteLLM's configuration\n\n"
    if report.config.missing:
        return Section(forms=(f"{head}Not compared: {prose(report.config.missing)}.",))
    lines = report.config.lines
    if not lines:
        return Section(forms=(f"{head}Nothing changes in it.",))
    changed = sum(line.startswith(("+", "-")) for line in lines)
    return Section(
        forms=(
            head + details(f"{changed} lines change", block(lines, "diff")),
            head + details(f"{changed} lines change", _beginning(lines)),
            f"{head}{changed} lines change.",
        ),
        cut="lines of the diff of the configuration",
    )


def _beginning(lines: Sequence[str]) -> str:
    shown = [line[:_LONGEST] for line in lines[:_MOST]]
    return block([*shown, f"… {len(lines) - len(shown)} more lines"], "diff")
