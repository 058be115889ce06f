"""``ops state``."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click
from botocore.exceptions import BotoCoreError

from infra.documents import InvalidConfiguration
from infra.setting_sections import Durability
from infra.settings import SettingsError
from ops.config.stack_file import UnknownStack
from ops.confirmation import confirm
from ops.console import NEEDS_ATTENTION, failing_clearly, step
from ops.deployments.deployment import Deployment, DeploymentError
from ops.deployments.options import deployment_option
from ops.state.cluster_objects import cluster_objects, without_cluster_objects
from ops.state.copies import read_copy
from ops.state.integrity import Problem, problems
from ops.state.keeping import keep_copy
from ops.state.restoring import restoration, without_repetitions
from ops.state.stack_state import (
    Document,
    StackState,
    StateError,
    UnknownStackError,
    resources,
    secrets_provider,
)
from sandbox.stack_files import PROJECT
from sandbox.toolchain import ToolchainError

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_to = click.option(
    "--to",
    "place",
    required=True,
    metavar="DIR|s3://BUCKET/PREFIX",
    help="Where the copy goes; another region than the state's.",
)
_failing = failing_clearly(
    BotoCoreError,
    DeploymentError,
    InvalidConfiguration,
    OSError,
    SettingsError,
    StateError,
    ToolchainError,
    UnknownStack,
)


@click.group()
def state() -> None:
    """Check, copy, repair and restore a stack's state.

    \b
    ops state check --stack prod
    ops state backup --stack prod --to s3://example-state-copies/prod
    ops state repair --stack prod --to copies
    ops state restore --stack prod --from copies/….json --dry-run
    ops state forget-cluster --stack prod --to copies

    Secrets stay encrypted, in the state and in every copy. Who opens them needs the stack's key.
    """


@state.command()
@deployment_option
@_as_json
@_failing
def check(deployment: Deployment, as_json: bool) -> None:
    """Tell whether the state is sound: references, order, duplicates, unfinished operations.

    \b
    ops state check --stack prod
    ops state check --stack prod --json | jq .problems

    Changes nothing: the engine repairs a copy without values, and what it changed there is wrong
    here. Ends with 0 if the state is sound, 1 if it cannot be read, 3 if something is wrong.
    """
    held = deployment.state()
    document = held.export()
    found = problems(document, held.pulumi, protected=_protected(deployment))
    if as_json:
        click.echo(
            json.dumps(
                {
                    "stack": deployment.stack,
                    "resources": len(resources(document)),
                    "problems": [problem.as_document() for problem in found],
                },
                indent=2,
            )
        )
    else:
        _tell(found, len(resources(document)))
    if found:
        sys.exit(NEEDS_ATTENTION)


@state.command()
@deployment_option
@_to
@_as_json
@_failing
def backup(deployment: Deployment, place: str, as_json: bool) -> None:
    """Keep a copy of the state, with its secrets encrypted as they are.

    \b
    ops state backup --stack prod --to copies
    ops state backup --stack prod --to s3://example-state-copies/prod

    Ends with 1, and writes nothing, if a secret in the state is not encrypted.
    """
    where, count = keep_copy(deployment, deployment.state().export(), place)
    if as_json:
        click.echo(json.dumps({"copy": where, "resources": count}))
    else:
        click.echo(where)


@state.command()
@deployment_option
@_to
@_yes
@_as_json
@_failing
def repair(deployment: Deployment, place: str, yes: bool, as_json: bool) -> None:
    """Mend what the engine can: references to what is gone, wrong order, repetitions.

    \b
    ops state repair --stack prod --to copies

    A copy is kept first, where --to says. What it cannot mend, such as two different resources
    under one name, is left as it was. Ends with 0 if the state is sound, 3 if something is left.
    """
    held = deployment.state()
    document = held.export()
    found = problems(document, held.pulumi, protected=_protected(deployment))
    mendable = [one for one in found if one.remedy in ("repair", "restore")]
    where = None
    if mendable:
        _tell(found, len(resources(document)), err=True)
        confirm(f"Edit the state of {deployment.stack}?", yes=yes)
        where, _ = keep_copy(deployment, document, place)
        step(f"kept a copy: {where}")
        _mend(held, document)
        after = held.export()
        found = problems(after, held.pulumi, protected=_protected(deployment))
    if as_json:
        left = [problem.as_document() for problem in found]
        click.echo(json.dumps({"copy": where, "mended": bool(mendable), "left": left}, indent=2))
    else:
        _tell(found, len(resources(document)))
    if found:
        sys.exit(NEEDS_ATTENTION)


@state.command()
@deployment_option
@click.option("--from", "place", required=True, metavar="FILE|s3://…", help="The copy.")
@click.option("--dry-run", is_flag=True, help="Tell what would change and change nothing.")
@click.option(
    "--keep",
    default="state-copies",
    show_default=True,
    metavar="DIR|s3://…",
    help="Where the present state is kept before it is replaced.",
)
@_yes
@_as_json
@_failing
def restore(
    deployment: Deployment, place: str, dry_run: bool, keep: str, yes: bool, as_json: bool
) -> None:
    """Put a copy in the place of the state, which is kept first.

    \b
    ops state restore --stack prod --from copies/….json --dry-run
    ops state restore --stack prod --from s3://example-state-copies/prod/….json --yes

    Nothing in AWS changes. Afterwards `pulumi refresh --preview-only` tells how the world differs
    from the copy. A stack that the backend has lost is made anew, with the copy's secrets provider.
    Ends with 1 for a copy that is of another stack, of another key, or not sound.
    """
    held = deployment.state()
    copy = read_copy(place, deployment.aws)
    if wrong := [one for one in problems(copy, held.pulumi) if one.remedy == "restore"]:
        raise StateError(f"{place} is not sound: {wrong[0].message}; take an earlier copy")
    present = _present(held)
    planned = restoration(copy, present, deployment.stack, PROJECT)
    if not dry_run:
        for line in planned.as_lines():
            click.echo(line, err=True)
        confirm(f"Replace the state of {deployment.stack}?", yes=yes)
        if present is None:
            step("the backend has no such stack: it is made anew")
            kind, url = secrets_provider(copy)
            held.create(url or kind)
        else:
            step(f"kept the present state: {keep_copy(deployment, present, keep)[0]}")
        held.put(copy)
    if as_json:
        click.echo(json.dumps({"done": not dry_run, **planned.as_document()}, indent=2))
    else:
        for line in planned.as_lines():
            click.echo(line)


@state.command("forget-cluster")
@deployment_option
@_to
@_yes
@_as_json
@_failing
def forget_cluster(deployment: Deployment, place: str, yes: bool, as_json: bool) -> None:
    """Drop every object of the cluster from the state, for a cluster that is lost.

    \b
    ops state forget-cluster --stack prod --to copies

    A copy is kept first, where --to says. Nothing in AWS or in a cluster changes; the next
    `pulumi up` makes the objects anew, in the cluster that is then there. In one that is there
    still they would be in the way: this is not for a cluster that only does not answer.
    """
    held = deployment.state()
    document = held.export()
    objects = cluster_objects(document)
    where = None
    if objects:
        confirm(f"Drop {len(objects)} objects from the state of {deployment.stack}?", yes=yes)
        where, _ = keep_copy(deployment, document, place)
        step(f"kept a copy: {where}")
        held.put(without_cluster_objects(document))
    if as_json:
        click.echo(json.dumps({"copy": where, "dropped": objects}, indent=2))
    else:
        click.echo(f"{len(objects)} objects dropped")


def _present(held: StackState) -> Document | None:
    try:
        return held.export()
    except UnknownStackError:
        return None


def _mend(held: StackState, document: Document) -> None:
    mended, dropped = without_repetitions(document)
    if dropped:
        held.put(mended)
    try:
        held.repair()
    except StateError as error:
        # What the engine cannot repair is told of in the end, as the state then is.
        step(f"the engine left the state as it was: {error}")


def _protected(deployment: Deployment) -> bool:
    return deployment.settings().durability is Durability.PROTECTED


def _tell(found: list[Problem], count: int, err: bool = False) -> None:
    say: Callable[[Any], None] = lambda text: click.echo(text, err=err)  # noqa: E731
    for problem in found:
        say(f"{click.style(problem.kind, fg='red', bold=True)}  {problem.urn} {problem.message}")
    if found:
        say(f"{len(found)} problem" + ("s" if len(found) > 1 else ""))
    else:
        say(f"{click.style('sound', fg='green', bold=True)}: {count} resources")
