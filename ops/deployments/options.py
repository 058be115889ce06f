"""``--stack`` for commands that work on what runs, and which sandbox where it is the sandbox."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from infra.settings import Settings
from ops.deployments.cloud import CloudDeployment
from ops.deployments.deployment import Deployment
from ops.deployments.sandboxed import SandboxDeployment
from ops.stack_option import stack_option
from sandbox.paths import Instance
from sandbox.stack_files import SANDBOX_STACK


def deployment_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--stack``, ``--sandbox`` and ``--slot``; it gets ``deployment``."""

    @stack_option()
    @click.option(
        "--sandbox",
        default="default",
        show_default=True,
        envvar="SANDBOX_NAME",
        help="Which sandbox, where the stack is `sandbox`; or SANDBOX_NAME.",
    )
    @click.option(
        "--slot",
        default=0,
        show_default=True,
        envvar="SANDBOX_SLOT",
        help="Its loopback network; or SANDBOX_SLOT.",
    )
    @wraps(command)
    def wrapped(*args: Any, stack: str, sandbox: str, slot: int, **kwargs: Any) -> None:
        command(*args, deployment=find_deployment(stack, sandbox, slot), **kwargs)

    return wrapped


def require_model(settings: Settings, name: str | None) -> None:
    """Raise BadParameter for a ``--probe-model`` that the catalogue does not have."""
    if name and name not in {model.name for model in settings.models}:
        raise click.BadParameter(f"the catalogue has no model {name!r}", param_hint="--probe-model")


def find_deployment(stack: str, sandbox: str, slot: int) -> Deployment:
    """Return the deployment of a stack; raise BadParameter for a sandbox that cannot be."""
    if stack != SANDBOX_STACK:
        return CloudDeployment(stack)
    try:
        return SandboxDeployment(Instance(sandbox, slot))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
