"""Reads what the engine printed of a preview, in either of its forms.

- an event a line: ``PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json``, or the file
  of ``--event-log`` (which needs PULUMI_DEBUG_COMMANDS). It has every resource and what policies
  say.
- one document, ``pulumi preview --json``: it leaves policies out, and unchanged resources.

Seen in pkg/backend/display/{json,display,events}.go and cmd/pulumi/operations/preview.go of 3.259.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ops.preview_report.preview import (
    Action,
    Difference,
    Hide,
    PolicyNote,
    Preview,
    State,
    Step,
)
from ops.preview_report.values import ABSENT, CHOSEN, at, parse_path

# Operations of one resource → what happens to it; the first that applies
# (sdk/go/common/apitype/updates.go).
_ACTIONS: tuple[tuple[str, Action], ...] = (
    ("replace", "replace"),
    ("create-replacement", "replace"),
    ("delete-replaced", "delete"),
    ("delete", "delete"),
    ("create", "create"),
    ("update", "update"),
    ("import", "import"),
    ("import-replacement", "replace"),
    ("same", "same"),
)
# Who has passed an error on: the CLI, the Automation API, the language host.
_PREFIXES = (
    "error: ",
    "an unhandled error occurred: ",
    "python inline source runtime error: ",
    "Program failed with an unhandled exception:",
)
# What the engine says after it has told of each violation or error.
_ECHOES = {"preview failed", "update failed"}


class NotAPreview(Exception):
    """A file that is no output of a preview; the message says which one and what would be."""


def read_preview(text: str, hide: Hide, name: str = "the preview") -> Preview:
    """Return the preview in a text of either form; raise :class:`NotAPreview`."""
    try:
        first = json.loads(text)
    except json.JSONDecodeError:
        first = None
    if isinstance(first, dict) and not _is_event(first):
        if not first.keys() & {"steps", "changeSummary", "diagnostics"}:
            raise NotAPreview(f"{name} is JSON, but not what `pulumi preview --json` prints")
        return _from_document(first, hide)
    return _from_events(_events(text, name), hide)


def _is_event(document: Mapping[str, Any]) -> bool:
    return any(key.endswith("Event") for key in document)


def _events(text: str, name: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except json.JSONDecodeError as error:
            raise NotAPreview(
                f"{name}, line {number}: not JSON; give the output of `pulumi preview --json`, or "
                "of it with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true"
            ) from error
        if not isinstance(event, dict) or not _is_event(event):
            raise NotAPreview(f"{name}, line {number}: not an event of the engine")
        found.append(event)
    if not any("summaryEvent" in event or "diagnosticEvent" in event for event in found):
        raise NotAPreview(f"{name} has no events of a preview; is the file whole?")
    return found


def _from_events(events: Iterable[Mapping[str, Any]], hide: Hide) -> Preview:
    steps: dict[str, list[Mapping[str, Any]]] = {}
    notes: list[PolicyNote] = []
    diagnostics: list[tuple[str, str]] = []
    summary: Mapping[str, Any] = {}
    for event in events:
        if "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            steps.setdefault(metadata["urn"], []).append(metadata)
        elif "policyEvent" in event:
            notes.append(_note(event["policyEvent"], hide))
        elif "diagnosticEvent" in event:
            one = event["diagnosticEvent"]
            diagnostics.append((one["severity"], one["message"]))
        elif "summaryEvent" in event:
            summary = event["summaryEvent"]
    # Of a local pack the name is followed by where it lies.
    packs = tuple(sorted({name.partition("|")[0] for name in summary.get("PolicyPacks") or {}}))
    errors, warnings = _told(diagnostics, hide)
    return Preview(
        steps=_steps(steps, hide),
        # Events come in the order in which the engine's threads got to them.
        policies=_sorted(notes) if packs or notes else None,
        packs=packs,
        failed=summary.get("result") != "succeeded",
        seconds=float(summary.get("durationSeconds") or 0),
        errors=errors,
        warnings=warnings,
    )


def _from_document(document: Mapping[str, Any], hide: Hide) -> Preview:
    steps: dict[str, list[Mapping[str, Any]]] = {}
    for step in document.get("steps") or ():
        detailed = {
            path: {"diffKind": one["kind"], "inputDiff": one["inputDiff"]}
            for path, one in (step.get("detailedDiff") or {}).items()
        }
        steps.setdefault(step["urn"], []).append(
            {
                **step,
                "old": step.get("oldState"),
                "new": step.get("newState"),
                "keys": step.get("replaceReasons"),
                "diffs": step.get("diffReasons"),
                "detailedDiff": detailed,
            }
        )
    errors, warnings = _told(
        [(one["severity"], one["message"]) for one in document.get("diagnostics") or ()], hide
    )
    return Preview(
        steps=_steps(steps, hide),
        # A failed preview prints no summary of changes.
        failed=bool(errors) or "changeSummary" not in document,
        seconds=float(document.get("duration") or 0) / 1e9,
        errors=errors,
        warnings=warnings,
    )


def _sorted(notes: Iterable[PolicyNote]) -> tuple[PolicyNote, ...]:
    return tuple(sorted(set(notes), key=lambda one: (one.policy, one.message, one.resource)))


def _note(event: Mapping[str, Any], hide: Hide) -> PolicyNote:
    # The first line of a message is the policy's description.
    description, _, message = event["message"].strip().partition("\n")
    return PolicyNote(
        policy=event["policyName"],
        mandatory=event["enforcementLevel"] == "mandatory",
        message=hide((message or description).strip()),
        resource=event.get("resourceUrn") or "",
    )


def _told(
    diagnostics: Iterable[tuple[str, str]], hide: Hide
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the errors and the warnings, each once."""
    found: dict[str, list[str]] = {"error": [], "warning": []}
    for severity, message in diagnostics:
        text = hide(_without_traceback(message))
        if severity in found and text not in _ECHOES and text not in found[severity]:
            found[severity].append(text)
    return tuple(found["error"]), tuple(found["warning"])


def _without_traceback(message: str) -> str:
    """What an error of the program says, without where it was raised and who has passed it on."""
    before, mark, after = message.partition("Traceback (most recent call last):")
    text = before.strip()
    for prefix in _PREFIXES:
        text = text.removeprefix(prefix).strip()
    if not text and mark:
        raised = [line for line in after.splitlines() if line.strip() and line[0] != " "]
        text = "\n".join(raised)
    return text


def _steps(by_urn: Mapping[str, list[Mapping[str, Any]]], hide: Hide) -> tuple[Step, ...]:
    return tuple(
        step for urn, operations in by_urn.items() if (step := _step(urn, operations, hide))
    )


def _step(urn: str, operations: list[Mapping[str, Any]], hide: Hide) -> Step | None:
    """Put the operations of one resource together; None where nothing would happen to it."""
    present = {operation["op"]: operation for operation in operations}
    found = next(((name, action) for name, action in _ACTIONS if name in present), None)
    if found is None:
        return None
    name, action = found
    chosen = present[name]
    old, new = _state(chosen.get("old"), hide), _state(chosen.get("new"), hide)
    return Step(
        urn=urn,
        action=action,
        old=None if action in ("create", "import") else old,
        new=None if action == "delete" else new,
        differences=_differences(chosen, old, new) if action in ("update", "replace") else (),
    )


def _state(state: Mapping[str, Any] | None, hide: Hide) -> State | None:
    if state is None:
        return None
    return State(
        id=state.get("id") or "",
        protect=bool(state.get("protect")),
        retain=bool(state.get("retainOnDelete")),
        _raw=state,
        _hide=hide,
    )


def _differences(
    operation: Mapping[str, Any], old: State | None, new: State | None
) -> tuple[Difference, ...]:
    detailed: Mapping[str, Mapping[str, Any]] = operation.get("detailedDiff") or {
        key: {"diffKind": "update", "inputDiff": True}
        for key in (*(operation.get("diffs") or ()), *(operation.get("keys") or ()))
    }
    found = []
    for text, one in detailed.items():
        path = parse_path(text)
        before = at(old.inputs, path) if old else ABSENT
        if old and not one["inputDiff"] and before is ABSENT:
            before = at(old.outputs, path)
        after = at(new.inputs, path) if new else ABSENT
        if new and after is ABSENT and not one["diffKind"].startswith("delete"):
            # A preview has no outputs of an update yet.
            after = at(new.outputs, path)
            after = CHOSEN if after is ABSENT else after
        found.append(
            Difference(
                path=path,
                old=before,
                new=after,
                replaces=one["diffKind"].endswith("replace"),
            )
        )
    return tuple(found)
