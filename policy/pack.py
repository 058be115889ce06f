"""The policies as the engine wants them: one a control, and two that watch over the others.

The engine shows inputs resource by resource and the references between resources only at the end.
So the inputs are kept as they pass, and every control is held to the stack as a whole.
"""

import datetime
import sys
from collections.abc import Mapping
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy import waivers
from policy.control import Control, Status, assess, assess_all
from policy.controls import CONTROLS
from policy.stack import Resource, Stack

NAME = "litellm-gateway"
WAIVERS = "waivers"
NOT_CHECKED = "not-checked"


class Policies:
    """The policies of one run, with the waivers and the inputs that have passed."""

    def __init__(self, allowed: tuple[waivers.Waiver, ...]) -> None:
        self._waivers = allowed
        self._inputs: dict[str, Mapping[str, Any]] = {}

    def all(self) -> list[Policy]:
        """Return every policy, the keeper of inputs first."""
        return [
            ResourceValidationPolicy(
                name="inputs",
                description="Keeps what each resource is given, for the controls to look at.",
                validate=self._keep,
                enforcement_level=EnforcementLevel.ADVISORY,
            ),
            *(self._policy(control) for control in CONTROLS),
            StackValidationPolicy(
                name=WAIVERS,
                description="Waivers have not ended, and each is needed.",
                validate=self._watch_waivers,
                enforcement_level=EnforcementLevel.MANDATORY,
                severity=Severity.MEDIUM,
            ),
            StackValidationPolicy(
                name=NOT_CHECKED,
                description="What a control could not be held to yet; the update does it.",
                validate=self._tell_what_is_unknown,
                enforcement_level=EnforcementLevel.ADVISORY,
                severity=Severity.LOW,
            ),
        ]

    def _policy(self, control: Control) -> Policy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            stack = self._stack(args)
            for verdict in waivers.unwaived(assess(control, stack), self._waivers, stack):
                resource = verdict.resource
                report(f"{resource.label}: {verdict.message} [{verdict.check}]", resource.urn)

        return StackValidationPolicy(
            name=control.policy_name,
            description=control.description,
            validate=validate,
            enforcement_level=EnforcementLevel.MANDATORY,
            severity=control.severity,
        )

    def _keep(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        self._inputs[args.urn] = args.props

    def _watch_waivers(self, args: StackValidationArgs, report: ReportViolation) -> None:
        stack = self._stack(args)
        verdicts = assess_all(CONTROLS, stack)
        today = datetime.datetime.now(datetime.UTC).date()
        for complaint in waivers.spent(self._waivers, verdicts, stack, today):
            report(complaint, None)

    def _tell_what_is_unknown(self, args: StackValidationArgs, report: ReportViolation) -> None:
        unknown: dict[tuple[Resource, int, str], list[str]] = {}
        for verdict in assess_all(CONTROLS, self._stack(args)):
            if verdict.status is Status.NOT_CHECKED:
                what = verdict.resource, verdict.control.row, verdict.message
                unknown.setdefault(what, []).append(verdict.check)
        for (resource, row, message), checks in unknown.items():
            report(
                f"{resource.label}: row {row}: {message} [{', '.join(checks)}]",
                resource.urn,
            )

    def _stack(self, args: StackValidationArgs) -> Stack:
        return Stack(
            Resource(
                type=resource.resource_type,
                name=resource.name,
                urn=resource.urn,
                # Providers never pass as resources do; what they are given is shown here.
                inputs=self._inputs.get(resource.urn, resource.props),
                protect=resource.opts.protect,
                made_from={
                    name: tuple(source.urn for source in sources)
                    for name, sources in resource.property_dependencies.items()
                },
            )
            for resource in args.resources
        )


def serve() -> None:
    """Serve the policies to the engine until it ends this process."""
    try:
        allowed = waivers.load(CONTROLS)
    except waivers.WaiverError as error:
        sys.exit(str(error))
    PolicyPack(NAME, Policies(allowed).all())
