"""``ops destroy``."""

import json
import sys

import click

from infra.documents import InvalidConfiguration
from ops.config.stack_file import UnknownStack
from ops.confirmation import confirm
from ops.console import NEEDS_ATTENTION, Progress, failing_clearly, step
from ops.deployments.deployment import Deployment
from ops.deployments.errors import STACK_ERRORS
from ops.deployments.options import deployment_option
from ops.destroy.destruction import DestroyError, Destruction
from ops.destroy.destruction import destroy as delete
from ops.destroy.journal import Journal
from ops.destroy.plan import Plan
from ops.destroy.remains import present
from ops.state.stack_state import StateError

_EXPECTED = (*STACK_ERRORS, DestroyError, InvalidConfiguration, OSError, StateError, UnknownStack)


@click.command()
@deployment_option
@click.option("--dry-run", is_flag=True, help="Tell what goes, stays and protects; delete nothing.")
@click.option(
    "--without-cluster",
    is_flag=True,
    help="Do not ask the cluster: drop what is in it from the state. For one that is broken.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an object of the cluster may refuse to go before its finalizer is taken away.",
)
@click.option(
    "--keep",
    default="state-copies",
    show_default=True,
    metavar="DIR|s3://…",
    help="Where the state is kept before objects of a lost cluster are dropped from it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@failing_clearly(*_EXPECTED)
def destroy(
    deployment: Deployment,
    dry_run: bool,
    without_cluster: bool,
    patience: float,
    keep: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete a stack, say what stays, and do not hang.

    \b
    uv run ops destroy --stack dev --dry-run
    uv run ops destroy --stack dev
    uv run ops destroy --stack dev --yes --json
    uv run ops destroy --stack dev --without-cluster

    Refuses, before anything is touched, while a resource is protected, and prints the commands
    that lift each protection. Takes out of the way what holds a deletion up: finalizers whose
    controller does not answer, pods of silent nodes, network interfaces that nodes left behind.
    A cluster that is gone already is dropped from the state. Interrupted, killed even, run the
    same command again.

    Ends with 3 if the stack is protected, 1 if something could not be deleted.
    """
    document = deployment.state().export()
    plan = Plan.of(document, deployment)
    if plan.count == 0:
        _tell_nothing(deployment, as_json)
        return
    if plan.protections or dry_run:
        _tell_plan(plan, deployment, as_json)
        if plan.protections:
            sys.exit(NEEDS_ATTENTION)
        return
    for line in plan.lines():
        click.echo(line, err=True)
    confirm(f"Delete stack {deployment.stack}?", yes=yes)
    progress = Progress()
    step(f"deleting {plan.count} resources")
    done = delete(
        plan, deployment, progress, patience=patience, without_cluster=without_cluster, keep=keep
    )
    _tell(done, as_json)


def _tell_nothing(deployment: Deployment, as_json: bool) -> None:
    """Report on a stack that is empty: deleted just now by a run that was killed, or long ago."""
    done = Destruction(stack=deployment.stack, done=True)
    if Journal.read(deployment.notes):
        done.stays = present(Journal.begin(deployment.notes, []), deployment)
        Journal.remove(deployment.notes)
    _tell(done, as_json)


def _tell(done: Destruction, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done.as_document(), indent=2))
        return
    for line in done.lines():
        click.echo(line)


def _tell_plan(plan: Plan, deployment: Deployment, as_json: bool) -> None:
    if as_json:
        told = Destruction(
            stack=deployment.stack, protections=plan.protections, stays=plan.stays
        ).as_document()
        click.echo(json.dumps(told, indent=2))
        return
    for line in plan.lines():
        click.echo(line)
    if plan.protections:
        click.echo("")
        click.echo(
            f"{click.style('refused:', fg='red', bold=True)} the stack is protected "
            "(`durability: protected`). Lift it on purpose with these commands, then run this "
            "again; `pulumi up` protects it again:"
        )
        for line in plan.lift():
            click.echo(f"    {line}")
