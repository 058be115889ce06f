"""Brings a whole sandbox up and down: tools, services, then the program through the engine."""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx

from sandbox import control_plane, images, prometheus, toolchain
from sandbox.aws_server import PORT as AWS_PORT
from sandbox.backing_services.postgresql import SERVICE_USER
from sandbox.certificates import authority, ca_bundle
from sandbox.engine import Engine, EngineSettings
from sandbox.node import kill_leftovers
from sandbox.outcome import Outcome
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.providers.server import ADDRESS, debug_providers, provider_ports
from sandbox.stack_files import SANDBOX_STACK
from sandbox.stack_operations import EngineError
from sandbox.supervisor_client import ServiceSpec, SupervisorClient, create_state_directory

Report = Callable[[str], None]

TOOLS = (
    "pulumi",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "helm",
    "etcd",
    "external-secrets",
    "postgres",
    "redis-server",
    "prometheus",
    "promtool",
)
_ANSWER_SECONDS = 60
_SUPPLIED = 'suppliedSecrets.anthropic["1"].apiKey'


class SandboxError(Exception):
    """A sandbox cannot do what was asked; the message says why and what to do."""


@contextlib.contextmanager
def exclusively(instance: Instance) -> Iterator[None]:
    """Hold the sandbox for one command; raise :class:`SandboxError` when another one has it."""
    create_state_directory(instance)
    with (instance.state / "command.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(
                f"another command works on sandbox {instance.name!r}; wait for it, or give this "
                "one a --name and --slot of its own"
            ) from None
        yield


def engine(
    instance: Instance, overrides: Mapping[str, str] | None = None, stack: str = SANDBOX_STACK
) -> Engine:
    """Return the engine of a running sandbox, with its addresses and supplied secret filled in."""
    made = Engine(
        EngineSettings(
            pulumi=toolchain.ensure(["pulumi"])["pulumi"],
            directory=project_directory(instance),
            debug_providers=debug_providers(provider_ports(instance)),
            stack=stack,
            overrides=overrides or {},
            instance=instance,
            certificate_authority=ca_bundle(instance),
        )
    )
    made.supply_secret(f"litellm-gateway:{_SUPPLIED}", secrets.token_urlsafe(24))
    return made


def project_directory(instance: Instance) -> Path:
    return instance.state / "project"


def up(instance: Instance, overrides: Mapping[str, str], report: Report) -> Outcome:
    """Bring everything up; safe to repeat, and to run after an interrupted run.

    Returns when the gateway answers. A run that was killed half-way through creating something is
    taken down and begun anew, since nobody knows what it made.
    """
    _check_state_directory(instance)
    install(report)
    with exclusively(instance):
        client = SupervisorClient(instance)
        if project_directory(instance).exists() and not _aws_runs(client):
            report("the AWS of an earlier run has ended, and its state with it; starting afresh")
            _begin_anew(instance, client)
        start_services(instance, report)
        program = engine(instance, overrides)
        if program.recover():
            report("an earlier run was killed while it created resources; starting afresh")
            _begin_anew(instance, client)
            start_services(instance, report)
            program = engine(instance, overrides)
        outcome = program.up(report)
        wait_for_answer(str(outcome.outputs["gatewayUrl"]), report)
        return outcome


def _check_state_directory(instance: Instance) -> None:
    """Find a folder that hides the state from PostgreSQL's user while nothing is made yet."""
    if os.geteuid() != 0:
        return
    for folder in reversed(instance.state.parents):
        if folder.exists() and not folder.stat().st_mode & stat.S_IXOTH:
            raise SandboxError(
                f"the state would stand in {instance.state.parent}, where {SERVICE_USER}, as "
                f"which PostgreSQL runs, cannot reach it: {folder} admits its owner only. Set "
                "SANDBOX_STATE to a folder that everyone may enter, or run as an ordinary user"
            )


def _aws_runs(client: SupervisorClient) -> bool:
    return any(service.name == "aws" and service.pid for service in client.status())


def _begin_anew(instance: Instance, client: SupervisorClient) -> None:
    client.shutdown()
    _discard(instance)
    create_state_directory(instance)


def by_tool(report: Report) -> Callable[[str, str], None]:
    """Return the toolchain's way to report, which names the tool apart."""
    return lambda tool, text: report(f"{tool}: {text}")


def install(report: Report) -> toolchain.Tools:
    """Find or build every executable and image; only the first time on a machine takes long."""
    with ThreadPoolExecutor(max_workers=1) as beside:  # downloads wait while builds compute
        image = beside.submit(images.ensure_litellm, report)
        tools = toolchain.ensure(TOOLS, by_tool(report))
        image.result()
    return tools


def start_services(instance: Instance, report: Report) -> None:
    """Start what stands below the program: AWS, control plane, nodes, providers, Prometheus."""
    tools = toolchain.ensure(TOOLS)
    authority(instance)
    client = SupervisorClient(instance)
    client.launch()
    report("starting AWS, the control plane and the providers")
    first = [
        _service(
            instance,
            "providers",
            "sandbox.providers.server",
            ready=(ADDRESS, provider_ports(instance)["aws"]),
            # Where a plugin of the official CLI would run, so that relative paths mean the same.
            directory=PROJECT_ROOT / "infra",
        )
    ]
    # AWS's state is in its memory: one that runs is never started anew.
    if "aws" not in {service.name for service in client.status()}:
        address = (instance.address("aws"), AWS_PORT)
        server = _service(instance, "aws", "sandbox.aws_server", ready=address)
        first.append(replace(server, restart=False))
    for spec in first:
        client.start(spec, wait=False)
    control_plane.start(client, tools, instance)
    for name, module in (("node", "sandbox.node"), ("load-balancer", "sandbox.load_balancer")):
        client.start(_service(instance, name, module), wait=False)
    prometheus.start(client, tools, instance)
    for spec in first:
        client.start(spec)


def _service(
    instance: Instance,
    name: str,
    module: str,
    ready: tuple[str, int] | None = None,
    directory: Path = PROJECT_ROOT,
) -> ServiceSpec:
    identity = ("--name", instance.name, "--slot", str(instance.slot))
    return ServiceSpec(
        name=name,
        command=(sys.executable, "-m", module, *identity),
        # gRPC would report on every fork of a helper.
        environment={"PYTHONPATH": str(PROJECT_ROOT), "GRPC_ENABLE_FORK_SUPPORT": "0"},
        directory=str(directory),
        ready_address=ready,
    )


def wait_for_answer(url: str, report: Report) -> None:
    """Return when the gateway answers through its load balancer."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(f"{url}/health/liveliness", timeout=5)
            if answer.status_code == httpx.codes.OK:
                report(f"the gateway answers at {url}")
                return
            last = f"status {answer.status_code}"
        except httpx.HTTPError as error:
            last = str(error) or type(error).__name__
        time.sleep(0.3)
    raise SandboxError(
        f"the gateway did not answer at {url} within {_ANSWER_SECONDS} s ({last}); "
        "see `uv run sandbox logs gateway` and `uv run sandbox logs load-balancer`"
    )


def destroy(instance: Instance, report: Report) -> Outcome:
    """Delete what the program made; the services below it stay up."""
    with exclusively(instance):
        return running_engine(instance).destroy(report)


def preview(
    instance: Instance,
    overrides: Mapping[str, str],
    report: Report,
    policy_pack: Path | None = None,
) -> Outcome:
    """Tell what ``up`` would change in a running sandbox."""
    with exclusively(instance):
        return running_engine(instance, overrides).preview(report, policy_pack)


def refresh(instance: Instance, report: Report) -> Outcome:
    """Look for drift in a running sandbox."""
    with exclusively(instance):
        return running_engine(instance).refresh(report)


def drift(instance: Instance, report: Report) -> Outcome:
    """Compare a running sandbox with the real things, and leave its state as it is."""
    with exclusively(instance):
        return running_engine(instance).drift(report)


def running_engine(instance: Instance, overrides: Mapping[str, str] | None = None) -> Engine:
    """Return the engine of a sandbox; raise :class:`SandboxError` when it is not up."""
    if not SupervisorClient(instance).running():
        raise SandboxError(f"sandbox {instance.name!r} is not up; run `uv run sandbox up`")
    program = engine(instance, overrides)
    if program.recover():
        raise EngineError("an earlier run was killed half-way; run `uv run sandbox up` first")
    return program


def down(instance: Instance, report: Report) -> None:
    """Stop every process of a sandbox and delete its state; nothing is left but the cache."""
    if not instance.state.exists():
        report(f"sandbox {instance.name!r} is not there")
        return
    with exclusively(instance):
        SupervisorClient(instance).shutdown()
        _discard(instance)
    report(f"sandbox {instance.name!r} is down")


def _discard(instance: Instance) -> None:
    """Delete the state of a sandbox whose processes have ended, apart from the lock held on it."""
    kill_leftovers(instance)
    for entry in instance.state.iterdir():
        if entry.name == "command.lock":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
