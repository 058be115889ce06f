"""``ops rotate``."""

import json
import sys
from collections.abc import Sequence

import click

from ops.changes import OtherChanges, list_changes, tell_others
from ops.confirmation import confirm, require_answer
from ops.console import FAILED, NEEDS_ATTENTION, Progress, failing_clearly
from ops.deployments.deployment import Deployment
from ops.deployments.errors import STACK_ERRORS
from ops.deployments.options import deployment_option, require_model
from ops.one_at_a_time import AnotherRun, one_at_a_time
from ops.rotate.families import FamilyError, RotatingFamily, known_names, named_families
from ops.rotate.journal import Journal
from ops.rotate.plan import (
    Plan,
    RollbackError,
    rollback_plan,
    rotation_plan,
    supplied_paths,
)
from ops.rotate.rotation import Rotation
from ops.steps import Steps
from sandbox.outcome import Change

_EXPECTED = (*STACK_ERRORS, AnotherRun, RollbackError)


@click.command(epilog=f"Families: {', '.join(known_names())}, providers/NAME.")
@click.argument("names", metavar="FAMILY...", nargs=-1, required=True)
@deployment_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Preview the new epochs; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--rollback", is_flag=True, help="Go back to the epoch before, which is kept.")
@click.option(
    "--probe-model",
    metavar="NAME",
    help="Model that is asked meanwhile; each request is paid for. Without it the list of models "
    "is, or in a sandbox a mocked model.",
)
@click.option(
    "--value-from-stdin",
    is_flag=True,
    help="Read the new value of a supplied family: a line, or JSON where it has several fields.",
)
@click.option("--no-load", is_flag=True, help="Send no requests meanwhile.")
@click.option(
    "--with-other-changes", is_flag=True, help="Also make changes that are not the family's."
)
@failing_clearly(*_EXPECTED)
def rotate(
    names: tuple[str, ...],
    deployment: Deployment,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    rollback: bool,
    probe_model: str | None,
    value_from_stdin: bool,
    no_load: bool,
    with_other_changes: bool,
) -> None:
    """Give each FAMILY of secrets its next epoch, and show that nobody noticed.

    \b
    uv run ops rotate master-key --stack prod --dry-run
    uv run ops rotate master-key --stack prod
    uv run ops rotate drain-token ui-password --stack prod
    uv run ops rotate database --stack prod --yes --json
    uv run ops rotate providers/anthropic --stack prod --probe-model claude-haiku-direct
    uv run ops rotate cache --stack prod --rollback

    It previews, asks, raises the number in the stack's configuration, brings the stack up, waits
    until every pod has the new secret, and asks with it. Requests with a virtual key of its own
    run meanwhile and are counted. Interrupted, killed even, it is taken up by the same command.

    Ends with 3, before anything is changed, when something else would change too, or at the end
    when a request failed; with 1 when the new credential does not do what it should.
    """
    if dry_run and value_from_stdin:
        raise click.UsageError("--dry-run keeps no value, so there is none to read from stdin")
    settings = deployment.settings()
    require_model(settings, probe_model)
    try:
        families = named_families(settings, names)
    except FamilyError as error:
        raise click.BadParameter(str(error), param_hint="FAMILY") from error
    require_answer(yes=yes or dry_run)
    with one_at_a_time(deployment.notes / "rotation", f"rotation of stack {deployment.stack}"):
        earlier = _unfinished(deployment, families, rollback=rollback, dry_run=dry_run)
        is_in_use = False
        if earlier and earlier.rollback == rollback:
            is_in_use = earlier.updated
            click.echo(f"going on with `{earlier.command}`, which did not end", err=True)
            plan = earlier.plan(families)
        else:
            plan = (rollback_plan if rollback else rotation_plan)(settings, families)
        if value_from_stdin:
            _supply(deployment, plan, is_in_use=is_in_use)
        rotation = Rotation(
            deployment=deployment,
            plan=plan,
            rollback=rollback,
            earlier=earlier,
            steps=Steps(),
            told=Progress(),
            probe_model=probe_model,
            with_load=not no_load,
            with_other_changes=with_other_changes,
        )
        try:
            _announce(plan, [] if rotation.is_updated else rotation.preview())
            if dry_run:
                _print_plan(plan, as_json)
                return
            if not rotation.is_updated:
                confirm("Rotate?", yes=yes)
            report = rotation.run()
        except OtherChanges as error:
            tell_others(error)
            sys.exit(NEEDS_ATTENTION)
        except _EXPECTED as error:
            if as_json:
                stopped = {"stopped_at": rotation.steps.failed, "error": str(error)}
                document = {**rotation.report.as_document(), **stopped}
                click.echo(json.dumps(document, indent=2))
            raise
        click.echo(json.dumps(report.as_document(), indent=2) if as_json else report.as_text())
        if not report.is_verified:
            sys.exit(FAILED)
        if report.load.failed:
            sys.exit(NEEDS_ATTENTION)


def _unfinished(
    deployment: Deployment, families: Sequence[RotatingFamily], *, rollback: bool, dry_run: bool
) -> Journal | None:
    """Return the note of a rotation that did not end: of the same one, or of one to go back from.

    Any other has to be finished first.
    """
    journal = Journal.read(deployment.notes)
    if journal is None:
        return None
    same_families = set(journal.to_epochs) == {one.name for one in families}
    if same_families and journal.rollback == rollback:
        return journal
    if not same_families or not rollback:
        click.echo(
            f"`{journal.command}` was begun and did not end; run it again first"
            + ("" if journal.rollback else ", or with --rollback to go back from it"),
            err=True,
        )
        sys.exit(NEEDS_ATTENTION)
    if {one.name: one.newest for one in families} != dict(journal.to_epochs):
        if not dry_run:
            Journal.remove(deployment.notes)
        click.echo("the configuration was not changed yet: there is nothing to go back from")
        sys.exit(0)
    return journal


def _supply(deployment: Deployment, plan: Plan, *, is_in_use: bool) -> None:
    """Put the value on standard input into the configuration, for the one family of the plan.

    The preview needs it, so it is there before anybody was asked; the next run replaces it. One
    that pods have already is left.
    """
    moves = [move for move in plan.moves if move.family.supplied]
    if len(moves) != 1:
        raise click.BadParameter(
            f"{', '.join(plan.names)}: there must be one family whose values are supplied",
            param_hint="--value-from-stdin",
        )
    text = sys.stdin.read().strip()
    paths = supplied_paths(moves[0])
    values = _fields(text, sorted(paths))
    if is_in_use:
        click.echo("the stack has the new value already; standard input is not used", err=True)
        return
    for field, value in values.items():
        deployment.supply(paths[field], value)


def _fields(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return the value of each field; errors never hold one."""
    if len(names) == 1 and text:
        return {names[0]: text}
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict) or sorted(values) != list(names):
        wanted = ", ".join(f'"{name}": "…"' for name in names)
        what = f"JSON such as {{{wanted}}}" if len(names) > 1 else "a value"
        raise click.BadParameter(
            f"standard input has to be {what}", param_hint="--value-from-stdin"
        )
    return {name: str(values[name]) for name in names}


def _announce(plan: Plan, changes: Sequence[Change]) -> None:
    for move in plan.moves:
        click.echo(move.line, err=True)
    list_changes(changes)


def _print_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plan.as_document(), indent=2))
    else:
        click.echo(f"{', '.join(plan.names)} can be rotated; nothing was changed")
