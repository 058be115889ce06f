"""Runs small Pulumi programs through the real engine, attached to a sandbox's providers."""

from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from pulumi import automation
from pulumi.automation._stack import StackInitMode
from pulumi.automation.events import EngineEvent
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from ops.state.stack_state import StackState
from sandbox import toolchain

Program = Callable[[], None]


class Refused(Exception):
    """The engine or a provider refused the operation; the message is all that was said."""


@dataclass
class Outcome:
    """What an operation did: steps by kind and resource, drift by resource, and what was said."""

    steps: list[tuple[str, str]] = field(default_factory=list)
    differences: dict[str, set[str]] = field(default_factory=dict)
    drift: dict[str, set[str]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def named(self, *operations: str) -> set[str]:
        """The names of the resources with one of these steps."""
        return {name for operation, name in self.steps if operation in operations}

    @property
    def changed(self) -> set[str]:
        return {name for operation, name in self.steps if operation not in ("same", "refresh")}


class _Stack(automation.Stack):
    """Leaves out what the Automation API asks of the engine after every operation."""

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = False) -> automation.UpdateSummary:
        return automation.UpdateSummary("update", datetime.now(UTC), "", {}, {}, "succeeded")


class Stack:
    """A stack of its own with a file backend below a directory."""

    def __init__(self, directory: Path, debug_providers: str):
        state, binaries = directory / "state", directory / "engine" / "bin"
        state.mkdir(parents=True)
        binaries.mkdir(parents=True)
        (binaries / "pulumi").symlink_to(toolchain.ensure(["pulumi"])["pulumi"])
        self.directory = directory
        environment = {
            "PULUMI_CONFIG_PASSPHRASE": "for the test",
            "PULUMI_DEBUG_PROVIDERS": debug_providers,
            # Or else it looks for the plugins of what is in the state on the network, at each run.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(directory / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        settings = automation.ProjectSettings(
            "provider-tests", "python", backend=automation.ProjectBackend(f"file://{state}")
        )
        workspace = automation.LocalWorkspace(
            work_dir=str(directory),
            project_settings=settings,
            program=lambda: None,
            env_vars=environment,
            pulumi_command=automation.PulumiCommand(root=str(binaries.parent)),
        )
        self._stack = _Stack("test", workspace, StackInitMode.CREATE)

    def up(self, program: Program, **settings: Any) -> Outcome:
        return self._run(program, "up", **settings)

    def preview(self, program: Program) -> Outcome:
        return self._run(program, "preview")

    def refresh(self, program: Program) -> Outcome:
        return self._run(program, "refresh")

    def destroy(self, program: Program) -> Outcome:
        return self._run(program, "destroy")

    def command(self, *arguments: str) -> str:
        """Run a command of Pulumi's CLI on the stack and return what it says."""
        done = self._stack._run_pulumi_cmd_sync([*arguments])
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secret ones too."""
        found = automation.Stack.outputs(self._stack)
        return {name: output.value for name, output in found.items()}

    def state(self) -> dict[str, Mapping[str, Any]]:
        """The resources in the state, by name; secrets stay encrypted."""
        resources = (self._stack.export_stack().deployment or {}).get("resources", [])
        return {resource["urn"].rsplit("::", 1)[-1]: resource for resource in resources}

    def as_kept(self) -> StackState:
        """The state as the commands of day two reach it."""
        return StackState(
            pulumi=str(self.directory / "engine" / "bin" / "pulumi"),
            directory=self.directory,
            environment={
                "PULUMI_BACKEND_URL": f"file://{self.directory}/state",
                "PULUMI_CONFIG_PASSPHRASE": "for the test",
                "PULUMI_HOME": str(self.directory / "home"),
            },
            stack="test",
        )

    def state_text(self) -> str:
        """Everything in the backend's files."""
        files = (self.directory / "state").rglob("*")
        return "".join(file.read_text() for file in files if file.is_file())

    def _run(self, program: Program, operation: str, **settings: Any) -> Outcome:
        self._stack.workspace.program = program
        with _listening(operation) as (outcome, listen):
            getattr(self._stack, operation)(on_event=listen, color="never", **settings)
        return outcome


@contextmanager
def _listening(running: str) -> Iterator[tuple[Outcome, Callable[[EngineEvent], None]]]:
    outcome = Outcome()

    def listen(event: EngineEvent) -> None:
        if event.resource_pre_event:
            step = event.resource_pre_event.metadata
            name = step.urn.rsplit("::", 1)[-1]
            outcome.steps.append((str(getattr(step.op, "value", step.op)), name))
            outcome.differences.setdefault(name, set()).update(step.detailed_diff or {})
        if event.res_outputs_event and running == "refresh":
            step = event.res_outputs_event.metadata
            name = step.urn.rsplit("::", 1)[-1]
            if step.op == automation.OpType.DELETE:
                outcome.drift[name] = {"deleted"}
            elif step.op != automation.OpType.SAME:
                outcome.drift[name] = set(step.detailed_diff or {})
        if event.diagnostic_event:
            outcome.messages.append(event.diagnostic_event.message)

    try:
        yield outcome, listen
    except automation.CommandError as error:
        raise Refused("\n".join(outcome.messages) or str(error)) from error


@contextmanager
def serving(package: str, servicer: rpc.ResourceProviderServicer) -> Iterator[str]:
    """Serve one provider in this process; yields it as ``PULUMI_DEBUG_PROVIDERS`` wants it."""
    server = grpc.server(futures.ThreadPoolExecutor(32))
    rpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"{package}:{port}"
    finally:
        server.stop(None).wait()
