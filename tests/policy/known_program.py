"""The program with every value known, as policies would see it after an update.

The engine's previews leave what AWS will choose unknown, IAM documents above all. Here Pulumi's
mocks answer at once, and each registration is kept with the references that the engine would keep.
"""

import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime.mocks import MockMonitor
from pulumi_policy.deserialize import deserialize_properties
from recorded_program import PROJECT, ROOT, RecordingMocks, stack_configuration

from policy.stack import Resource, Stack


@dataclass
class KnownProgram:
    """A stack, and the URNs that are kept when they leave the program."""

    resources: list[Resource] = field(default_factory=list)
    retained: set[str] = field(default_factory=set)

    @property
    def stack(self) -> Stack:
        return Stack(self.resources)


class RegistrationMonitor(MockMonitor):
    """Keeps registrations whole: the mocks are told of inputs alone."""

    def __init__(self, mocks: RecordingMocks, stack: str) -> None:
        super().__init__(mocks)
        self._stack = stack
        self.program = KnownProgram()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        # The mocks' own is made in a thread that knows neither stack nor project.
        what = super().make_urn(parent, type_, name).split("::", 2)[2]
        return f"urn:pulumi:{self._stack}::{PROJECT}::{what}"

    def RegisterResource(self, request: Any) -> Any:
        response = super().RegisterResource(request)
        inputs: Mapping[str, Any] = deserialize_properties(
            json_format.MessageToDict(request.object)
        )
        self.program.resources.append(
            Resource(
                type=request.type,
                name=request.name,
                urn=response.urn,
                inputs=inputs,
                protect=request.protect,
                made_from={
                    name: tuple(sources.urns)
                    for name, sources in request.propertyDependencies.items()
                },
            )
        )
        if request.retainOnDelete:
            self.program.retained.add(response.urn)
        return response


def run_known_program(stack: str) -> KnownProgram:
    """Run the program of a stack to its end and return what it registered."""
    mocks = RecordingMocks()
    monitor = RegistrationMonitor(mocks, stack)
    pulumi.runtime.set_mocks(mocks, project=PROJECT, stack=stack, preview=False, monitor=monitor)
    pulumi.runtime.set_all_config(stack_configuration(stack))

    @pulumi.runtime.test
    def run() -> None:
        runpy.run_path(str(ROOT / "infra" / "__main__.py"), run_name="__main__")

    run()
    return monitor.program
