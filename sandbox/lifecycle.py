"""Brings a whole sandbox up and down: tools, services, then the program through the engine."""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from sandbox import base_services, images, toolchain
from sandbox.backing_services.postgresql import SERVICE_USER
from sandbox.certificates import ca_bundle
from sandbox.engine import Engine, EngineSettings
from sandbox.node import kill_leftovers
from sandbox.outcome import Outcome
from sandbox.paths import Instance
from sandbox.providers.server import debug_providers, provider_ports
from sandbox.stack_files import proxy_tag, stack_name, stack_region
from sandbox.stack_operations import EngineError
from sandbox.stored_state import stored_outputs
from sandbox.supervisor_client import SupervisorClient, create_state_directory

Report = Callable[[str], None]

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


def engine(instance: Instance, overrides: Mapping[str, str] | None = None) -> Engine:
    """Return the engine of a running sandbox, with its addresses filled in.

    So is its supplied secret, unless the stack takes over values that another one left.
    """
    directory = project_directory(instance)
    made = Engine(
        EngineSettings(
            pulumi=toolchain.ensure(["pulumi"])["pulumi"],
            directory=directory,
            debug_providers=debug_providers(provider_ports(instance)),
            stack=stack_name(directory),
            overrides=overrides or {},
            instance=instance,
            certificate_authority=ca_bundle(instance),
        )
    )
    if not made.adopts_supplied_values:
        value = secrets.token_urlsafe(24)
        made.supply_secret(f"litellm-gateway:{_SUPPLIED}", value, overwrite=False)
    return made


def project_directory(instance: Instance) -> Path:
    return instance.state / "project"


def region(instance: Instance) -> str:
    """Return the region of AWS that a sandbox stands for."""
    return stack_region(project_directory(instance))


def up(instance: Instance, overrides: Mapping[str, str], report: Report) -> Outcome:
    """Bring everything up; safe to repeat, and to run after an interrupted run.

    Returns when the gateway answers. A run that was killed half-way through creating something is
    taken down and begun anew, since nobody knows what it made.
    """
    _check_state_directory(instance)
    install(report, proxy_tag(project_directory(instance), overrides))
    with exclusively(instance):
        client = SupervisorClient(instance)
        if project_directory(instance).exists() and not _aws_runs(client):
            report("the AWS of an earlier run has ended, and its state with it; starting afresh")
            _begin_anew(instance, client)
        base_services.start(instance, region(instance), report)
        program = engine(instance, overrides)
        if program.recover():
            report("an earlier run was killed while it created resources; starting afresh")
            _begin_anew(instance, client)
            base_services.start(instance, region(instance), report)
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
    discard(instance)
    create_state_directory(instance)


def by_tool(report: Report) -> Callable[[str, str], None]:
    """Return the toolchain's way to report, which names the tool apart."""
    return lambda tool, text: report(f"{tool}: {text}")


def install(report: Report, tag: str | None = None) -> toolchain.Tools:
    """Find or build every executable and image; only the first time on a machine takes long.

    ``tag`` is that of the proxy's image, unless it is the version of the lock file.
    """
    with ThreadPoolExecutor(max_workers=1) as beside:  # downloads wait while builds compute
        image = beside.submit(images.ensure_litellm, report, tag)
        tools = toolchain.ensure(base_services.TOOLS, by_tool(report))
        image.result()
    return tools


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
        return running_engine(instance, overrides).preview(report, policy_pack=policy_pack)


def refresh(instance: Instance, report: Report) -> Outcome:
    """Look for drift in a running sandbox."""
    with exclusively(instance):
        return running_engine(instance).refresh(report)


def drift(instance: Instance, report: Report, exclude: Sequence[str] = ()) -> Outcome:
    """Compare a running sandbox with the real things, and leave its state as it is."""
    with exclusively(instance):
        return running_engine(instance).drift(report, exclude)


def outputs(instance: Instance) -> dict[str, object]:
    """Return the stack's outputs as of its last run, also while another one is at work."""
    directory = project_directory(instance)
    return stored_outputs(directory, stack_name(directory))


def running_engine(instance: Instance, overrides: Mapping[str, str] | None = None) -> Engine:
    """Return the engine of a sandbox; raise :class:`SandboxError` when it is not up.

    Only for who holds the sandbox: a lock that is there is taken for that of a run that was killed.
    """
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
        discard(instance)
    report(f"sandbox {instance.name!r} is down")


def discard(instance: Instance) -> None:
    """Delete the state of a sandbox whose processes have ended, apart from the lock held on it."""
    kill_leftovers(instance)
    for entry in instance.state.iterdir():
        if entry.name == "command.lock":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
