"""``ops drill``: lose a region and come back, with figures and proofs."""

import json
import sys

import click

from ops.confirmation import confirm
from ops.console import NEEDS_ATTENTION, Progress, failing_clearly
from ops.deployments.errors import STACK_ERRORS
from ops.drill.course import Course
from ops.drill.journal import Journal, alone
from ops.drill.losses import what_is_lost
from ops.drill.until import DrillError
from ops.gateway import GatewayError
from ops.one_at_a_time import AnotherRun
from sandbox.paths import HIGHEST_SLOT, Instance

_EXPECTED = (*STACK_ERRORS, AnotherRun, DrillError, GatewayError)
_COURSE = """\
1  bring a sandbox up, unless one runs
2  plant evidence in it: a team, virtual keys, requests, a stored credential
3  under a steady stream of requests, copy what the stack replicates into its second region:
   the database's backup, log objects, the salt key, supplied secrets
4  start another sandbox as that region, with the copies in it, and with nothing else
5  lose the first: kill -9 of every process, its state deleted
6  bring the stack up in the second region from code, from the copies
7  prove that it is the same gateway, measure RTO and RPO, hold them against the targets"""


@click.command()
@click.option(
    "--sandbox",
    default="default",
    show_default=True,
    envvar="SANDBOX_NAME",
    help="The sandbox that is lost; or SANDBOX_NAME.",
)
@click.option(
    "--slot",
    default=0,
    show_default=True,
    type=click.IntRange(0, HIGHEST_SLOT),
    envvar="SANDBOX_SLOT",
    help="Its loopback network; or SANDBOX_SLOT.",
)
@click.option(
    "--recovery-slot",
    type=click.IntRange(0, HIGHEST_SLOT),
    help="Loopback network of the sandbox that is the second region; unset: the next one.",
)
@click.option(
    "--copy-age",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    metavar="SECONDS",
    help="Age of the last copy when the region is lost.",
)
@click.option("--keep", is_flag=True, help="Leave the second region up, whoever made the first.")
@click.option("--dry-run", is_flag=True, help="Only tell the steps, and what would be lost.")
@click.option("--yes", is_flag=True, help="Lose a running sandbox without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@failing_clearly(*_EXPECTED)
def drill(
    sandbox: str,
    slot: int,
    recovery_slot: int | None,
    copy_age: float,
    keep: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Lose a sandbox's region, come back in another one, and prove that nothing else is lost.

    \b
    uv run ops drill                    on a sandbox of its own, which is gone in the end
    uv run ops drill --yes --json       on the running one: it is lost, and goes on elsewhere
    uv run ops drill --dry-run          what would happen

    A running sandbox is lost for good: what it held afterwards is in the sandbox NAME-recovery.
    Killed or interrupted, it can be run again: before the loss it starts afresh, after it it goes
    on with the copies. How to drill on AWS: docs/runbooks/drill.md.

    Ends with 3 when a proof fails or a target of `disasterRecovery` is missed.
    """
    try:
        home = Instance(sandbox, slot)
        recovery = Instance(
            f"{sandbox}-recovery", slot + 1 if recovery_slot is None else recovery_slot
        )
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if home.slot == recovery.slot:
        raise click.BadParameter(
            f"{recovery.slot} is the sandbox's own", param_hint="recovery-slot"
        )
    with alone(home) as directory:
        journal = _journal(Journal.read(directory), Journal(directory, recovery.slot))
        if journal.recovery_slot != recovery.slot:
            raise DrillError(
                f"the interrupted drill has its second region in slot {journal.recovery_slot}; "
                f"give --recovery-slot {journal.recovery_slot}"
            )
        lost = what_is_lost(home, recovery, journal)
        if dry_run:
            click.echo("\n".join([_COURSE, "", *(lost or ["Nothing that anyone made is lost."])]))
            return
        if lost:
            for line in lost:
                click.echo(line, err=True)
            confirm("Lose it?", yes=yes)
        course = Course(
            home=home, recovery=recovery, copy_age=copy_age, keep=keep, report=Progress()
        )
        report = course.run(journal)
    click.echo(json.dumps(report.as_dictionary(), indent=2) if as_json else report.as_text())
    if not report.passed:
        sys.exit(NEEDS_ATTENTION)


def _journal(earlier: Journal | None, new: Journal) -> Journal:
    """Return the journal to go on with, and say which it is."""
    if earlier is None:
        return new
    if earlier.lost_at is not None:
        click.echo(
            "an earlier drill was interrupted after the region was lost; going on with its copies",
            err=True,
        )
        return earlier
    click.echo(
        "an earlier drill was interrupted before the region was lost; starting afresh", err=True
    )
    new.throw_away = earlier.throw_away
    new.recovery_slot = earlier.recovery_slot
    return new
