"""What the engine does with a stack, told as data: up, preview, refresh, destroy, outputs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pulumi import automation
from pulumi.automation.events import EngineEvent, PolicyEvent, StepEventMetadata

from sandbox.outcome import Change, Outcome, Violation

Report = Callable[[str], None]
Form = Literal["events", "digest"]

# EnableStreamingJSONPreview in sdk/go/common/env/env.go of Pulumi 3.259.
_STREAMING = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
_UNCHANGED = {"same", "read", "refresh"}
# What the engine adds to the violations that it has told of.
_AFTER_VIOLATIONS = {"preview failed"}


class EngineError(Exception):
    """The engine refused or failed; its own words are the message."""


@contextmanager
def engine_errors() -> Iterator[None]:
    """Raise the failure of one of the engine's commands as :class:`EngineError`."""
    try:
        yield
    except automation.CommandError as error:
        raise EngineError(str(error)) from error


class StackOperations:
    """The operations on one stack; each raises :class:`EngineError` when the engine fails."""

    def __init__(self, stack: automation.Stack) -> None:
        self._stack = stack

    def up(self, report: Report) -> Outcome:
        """Create and change what the program asks for."""
        with _collect(report) as (outcome, listen):
            result = self._stack.up(**_quiet(report), on_event=listen, show_secrets=False)
        outcome.outputs = _public(result.outputs)
        return outcome

    def preview(
        self,
        report: Report,
        plan: Path | None = None,
        policy_pack: Path | None = None,
        config_file: Path | None = None,
    ) -> Outcome:
        """Tell what ``up`` would do, and what a policy pack has against it.

        ``plan`` is where the engine writes its update plan; ``config_file`` is read in place of the
        stack's own.
        """
        packs = [str(policy_pack)] if policy_pack else None
        with _collect(report) as (outcome, listen):
            self._stack.preview(
                **_quiet(report),
                on_event=listen,
                plan=str(plan) if plan else None,
                policy_packs=packs,
                config_file=str(config_file) if config_file else None,
            )
        return outcome

    def preview_text(self, form: Form, policy_pack: Path | None = None) -> str:
        """Return a preview as the engine prints it, also of one that failed or is forbidden.

        ``events`` is an event a line, with what policies say; ``digest`` is the one document of
        ``pulumi preview --json``, which leaves policies and unchanged resources out.
        """
        lines: list[str] = []
        workspace = self._stack.workspace
        before = workspace.env_vars
        workspace.env_vars = {**before, _STREAMING: str(form == "events").lower()}
        try:
            self._stack.preview(
                json=True,
                color="never",
                suppress_progress=True,
                on_output=lines.append,
                policy_packs=[str(policy_pack)] if policy_pack else None,
            )
        except automation.CommandError as error:
            if not any(line.lstrip().startswith("{") for line in lines):
                raise EngineError(str(error)) from error
        finally:
            workspace.env_vars = before
        return "\n".join(lines) + "\n"

    def refresh(self, report: Report) -> Outcome:
        """Read the real state of every resource; changes are drift."""
        with _collect(report, refreshing=True) as (outcome, listen):
            self._stack.refresh(**_quiet(report), on_event=listen, show_secrets=False)
        return outcome

    def drift(self, report: Report, exclude: Sequence[str] = ()) -> Outcome:
        """Compare every resource with the real thing, and leave the state as it is.

        ``exclude`` are URNs, with ``*`` and ``**`` in them, of what is not compared.
        """
        with _collect(report, refreshing=True) as (outcome, listen):
            self._stack.preview_refresh(
                **_quiet(report), on_event=listen, exclude=list(exclude) or None
            )
        return outcome

    def destroy(self, report: Report) -> Outcome:
        """Delete everything the stack made."""
        with _collect(report) as (outcome, listen):
            self._stack.destroy(**_quiet(report), on_event=listen, show_secrets=False)
        return outcome

    def resources(self) -> list[dict[str, Any]]:
        """Return every resource of the state as it is stored: secrets are encrypted."""
        with engine_errors():
            deployment = self._stack.export_stack().deployment or {}
        found: list[dict[str, Any]] = deployment.get("resources") or []
        return found

    def outputs(self) -> dict[str, object]:
        """Return the stack's outputs, without secret ones."""
        with engine_errors():
            return _public(self._stack.outputs())


def _public(outputs: automation.OutputMap) -> dict[str, object]:
    return {name: output.value for name, output in outputs.items() if not output.secret}


def _quiet(report: Report) -> dict[str, Any]:
    return {"on_output": report, "color": "never", "suppress_outputs": True}


@contextmanager
def _collect(
    report: Report, refreshing: bool = False
) -> Iterator[tuple[Outcome, Callable[[EngineEvent], None]]]:
    """Gather an operation's changes from its events; a failure becomes :class:`EngineError`."""
    outcome = Outcome()
    errors: list[str] = []

    def note(step: StepEventMetadata) -> None:
        operation = str(getattr(step.op, "value", step.op))
        if operation not in _UNCHANGED:
            properties = tuple(sorted(step.detailed_diff or {}))
            outcome.changes.append(Change(operation, step.urn, properties))

    def listen(event: EngineEvent) -> None:
        if event.resource_pre_event:
            step = event.resource_pre_event.metadata
            operation = str(getattr(step.op, "value", step.op))
            outcome.counts[operation] = outcome.counts.get(operation, 0) + 1
            if not refreshing:
                note(step)
        # A refresh tells what it found after each read, not before it.
        if refreshing and event.res_outputs_event:
            note(event.res_outputs_event.metadata)
        if event.diagnostic_event and event.diagnostic_event.severity == "error":
            errors.append(event.diagnostic_event.message.strip())
        if event.policy_event:
            outcome.violations.append(_violation(event.policy_event))

    try:
        yield outcome, listen
    except automation.CommandError as error:
        if outcome.forbidden and set(errors) <= _AFTER_VIOLATIONS:
            return
        raise EngineError("\n".join(dict.fromkeys(errors)) or str(error)) from error


def _violation(event: PolicyEvent) -> Violation:
    # The first line of a message is the policy's description.
    _, _, message = event.message.strip().partition("\n")
    return Violation(
        policy=event.policy_name,
        mandatory=event.enforcement_level == "mandatory",
        message=message or event.message.strip(),
        urn=event.resource_urn or "",
    )
