"""The ``sandbox`` command: the whole gateway on this machine."""

import json
import shlex
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from sandbox import lifecycle, preview_only
from sandbox import status as status_module
from sandbox.engine import POLICY_PACK, official_cli_environment
from sandbox.kube_api import ApiError, KubeApi
from sandbox.litellm_image import ImageBuildError
from sandbox.logs import LogNotFound, follow, log_files
from sandbox.outcome import Outcome
from sandbox.paths import Instance
from sandbox.providers.server import debug_providers, provider_ports
from sandbox.stack_files import SANDBOX_STACK, OverrideError, stack_name
from sandbox.stack_operations import EngineError
from sandbox.supervisor_client import SupervisorError
from sandbox.toolchain import ToolchainError

_FAILURES = (
    ApiError,
    EngineError,
    ImageBuildError,
    LogNotFound,
    OverrideError,
    SupervisorError,
    ToolchainError,
    lifecycle.SandboxError,
)
_INTERRUPTED = 130
_FORBIDDEN = 4


class Progress:
    """Prints steps with the seconds since the start; on standard error, so output stays clean."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self, text: str) -> None:
        if text.strip():
            elapsed = click.style(f"{time.monotonic() - self._started:6.1f} s", dim=True)
            click.echo(f"{elapsed}  {text.rstrip()}", err=True)


def _failing_clearly(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except _FAILURES as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("interrupted; run the same command again to go on", err=True)
            sys.exit(_INTERRUPTED)

    return wrapped


_overrides = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Setting for this run only, such as rotation.masterKey=2. May be repeated.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--name", default="default", show_default=True, help="Which sandbox.")
@click.option(
    "--slot",
    default=0,
    show_default=True,
    help="Its loopback network, 127.(64 + slot).0.0/16. Sandboxes that run at once need different "
    "names and slots.",
)
@click.pass_context
def main(context: click.Context, name: str, slot: int) -> None:
    """The whole gateway on this machine, with no cloud account.

    \b
    uv run sandbox up                          bring everything up
    uv run sandbox status                      see what runs, and where
    uv run sandbox preview --set rotation.masterKey=2
    uv run sandbox preview --stack prod        what AWS would get
    uv run sandbox down                        stop and delete everything

    Completion for bash: eval "$(_SANDBOX_COMPLETE=bash_source uv run sandbox)"
    (zsh_source and fish_source for the others).
    """
    try:
        context.obj = Instance(name, slot)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@main.command()
@_overrides
@_as_json
@click.pass_obj
@_failing_clearly
def up(instance: Instance, overrides: tuple[str, ...], as_json: bool) -> None:
    """Bring everything up, or bring what is up to the present settings."""
    _show(lifecycle.up(instance, _parse(overrides), Progress()), as_json)


@main.command()
@_failing_clearly
def install() -> None:
    """Only find or build the tools: what takes long the first time on a machine."""
    for name, path in sorted(lifecycle.install(Progress()).items()):
        click.echo(f"{name:26} {path}")


@main.command()
@click.pass_obj
@_failing_clearly
def down(instance: Instance) -> None:
    """Stop every process and delete the sandbox's state, also after a crash."""
    lifecycle.down(instance, Progress())


@main.command()
@_overrides
@click.option("--stack", default=SANDBOX_STACK, show_default=True, help="Stack to preview.")
@click.option(
    "--policy", is_flag=True, help="Hold it to the policies too; exit with 4 if one forbids it."
)
@_as_json
@click.pass_obj
@_failing_clearly
def preview(
    instance: Instance, overrides: tuple[str, ...], stack: str, policy: bool, as_json: bool
) -> None:
    """Tell what `up` would change. Other stacks than the sandbox's need nothing to run."""
    parsed, pack = _parse(overrides), POLICY_PACK if policy else None
    if stack == SANDBOX_STACK:
        outcome = lifecycle.preview(instance, parsed, Progress(), pack)
    else:
        outcome = preview_only.preview_stack(stack, parsed, Progress(), pack)
    _show(outcome, as_json)
    if outcome.forbidden:
        sys.exit(_FORBIDDEN)


@main.command()
@_as_json
@click.option("--exit-code", is_flag=True, help="Exit with 2 when there is drift.")
@click.pass_obj
@_failing_clearly
def refresh(instance: Instance, as_json: bool, exit_code: bool) -> None:
    """Compare every resource with the real thing and report drift."""
    outcome = lifecycle.refresh(instance, Progress())
    _show(outcome, as_json)
    if exit_code and outcome.changed:
        sys.exit(2)


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
@click.pass_obj
@_failing_clearly
def destroy(instance: Instance, yes: bool, as_json: bool) -> None:
    """Delete what the program made; AWS and the control plane stay up."""
    if not yes:
        click.confirm(f"Delete every resource of sandbox {instance.name!r}?", abort=True, err=True)
    _show(lifecycle.destroy(instance, Progress()), as_json)


@main.command()
@_as_json
@click.pass_obj
@_failing_clearly
def status(instance: Instance, as_json: bool) -> None:
    """Show what runs, where it is reached, and what is stood in for."""
    found = status_module.collect(instance)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print_status(found)
    if not found["up"]:
        sys.exit(3)


@main.command()
@click.argument("name")
@click.option("--lines", "-n", default=100, show_default=True, help="Last lines of each log.")
@click.option("--follow", "-f", "following", is_flag=True, help="Go on printing.")
@click.pass_obj
@_failing_clearly
def logs(instance: Instance, name: str, lines: int, following: bool) -> None:
    """Print the log of a service or of the pods whose names start with NAME."""
    follow(log_files(instance, name), lines, following, click.echo)


@main.command("master-key")
@click.pass_obj
@_failing_clearly
def master_key(instance: Instance) -> None:
    """Print the gateway's admin key, as the serving pods have it."""
    click.echo(read_secret_variable(instance, "LITELLM_MASTER_KEY"))


@main.command("ui-password")
@click.pass_obj
@_failing_clearly
def ui_password(instance: Instance) -> None:
    """Print the password of the admin UI's user `admin`, as the serving pods have it."""
    click.echo(read_secret_variable(instance, "UI_PASSWORD"))


@main.command("env")
@click.pass_obj
@_failing_clearly
def environment(instance: Instance) -> None:
    """Print what an official Pulumi CLI needs.

    eval "$(uv run sandbox env)" && pulumi preview -s sandbox
    """
    directory = lifecycle.project_directory(instance)
    variables = official_cli_environment(
        directory, debug_providers(provider_ports(instance)), stack_name(directory)
    )
    for name, value in {**variables, "KUBECONFIG": str(instance.kubeconfig)}.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def read_secret_variable(instance: Instance, name: str) -> str:
    """Return a variable's value from the Secret that the gateway's pods name."""
    import base64

    api = KubeApi(instance)
    deployment = api.get("/apis/apps/v1/namespaces/litellm/deployments/gateway")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    reference = next(
        variable["valueFrom"]["secretKeyRef"]
        for variable in container["env"]
        if variable["name"] == name
    )
    secret = api.get(f"/api/v1/namespaces/litellm/secrets/{reference['name']}")
    return base64.b64decode(secret["data"][reference["key"]]).decode()


def _parse(overrides: tuple[str, ...]) -> dict[str, str]:
    parsed = {}
    for override in overrides:
        key, separator, value = override.partition("=")
        if not separator:
            raise OverrideError(f"--set {override!r} is not KEY=VALUE")
        parsed[key] = value
    return parsed


def _show(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(outcome.as_dictionary(), indent=2))
        return
    counts = ", ".join(f"{number} {name}" for name, number in sorted(outcome.counts.items()))
    click.echo(counts or "nothing to do")
    for violation in sorted(
        outcome.violations, key=lambda found: (not found.mandatory, found.policy)
    ):
        mark = click.style("forbidden", fg="red") if violation.mandatory else "note"
        click.echo(f"{mark}  {violation.policy}  {violation.message}")


def _print_status(found: dict[str, Any]) -> None:
    if not found["up"]:
        click.echo("not up; run `uv run sandbox up`")
        return
    for key in ("gateway_url", "aws_endpoint", "prometheus_url", "postgres_dsn", "kubeconfig"):
        click.echo(f"{key.replace('_', ' '):16} {found[key] or '-'}")
    click.echo(f"{'master key':16} {found['master_key_command']}")
    click.echo(f"{'admin UI':16} {found['admin_ui_url'] or '-'}, {found['ui_password_command']}")
    click.echo()
    for process in found["processes"]:
        colour = {"ready": "green", "failed": "red"}.get(process["state"], "yellow")
        state = click.style(f"{process['state']:9}", fg=colour)
        click.echo(f"{process['name']:26} {state} {process['address'] or ''}")
    for name, reason in (found["kept_in_state"] or {}).items():
        click.echo(f"kept in state only: {name} ({reason})")


if __name__ == "__main__":
    main()
