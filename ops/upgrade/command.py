"""``ops upgrade``."""

import json
import sys
from collections.abc import Sequence

import click

from infra.settings import Settings
from ops.changes import OtherChanges, list_changes, tell_others
from ops.confirmation import confirm, require_answer
from ops.console import FAILED, NEEDS_ATTENTION, Progress, failing_clearly
from ops.deployments.deployment import Deployment
from ops.deployments.errors import STACK_ERRORS
from ops.deployments.options import deployment_option, require_model
from ops.gateway import GatewayError
from ops.one_at_a_time import AnotherRun, one_at_a_time
from ops.steps import Steps
from ops.upgrade import pods
from ops.upgrade.journal import Journal
from ops.upgrade.plan import Plan, VersionError, check_direction, release
from ops.upgrade.report import settings_of
from ops.upgrade.trial import TrialFailed
from ops.upgrade.upgrade import UpdateFailed, Upgrade
from sandbox.outcome import Change

_EXPECTED = (*STACK_ERRORS, AnotherRun, GatewayError, TrialFailed, UpdateFailed)


@click.command()
@click.option("--to", "version", required=True, metavar="VERSION", help="Release, such as 1.108.5.")
@deployment_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--dry-run", is_flag=True, help="Find the image and preview; change nothing.")
@click.option(
    "--digest", help="Digest of the image, where it is known; the signature has to be of this one."
)
@click.option(
    "--probe-model",
    metavar="NAME",
    help="Model that is asked; each request is paid for. Without it the list of models is, or in a "
    "sandbox a mocked model.",
)
@click.option("--no-load", is_flag=True, help="Make no key to ask with, and send no requests.")
@click.option(
    "--with-other-changes", is_flag=True, help="Also make changes that are not the image's."
)
@failing_clearly(*_EXPECTED)
def upgrade(
    version: str,
    deployment: Deployment,
    yes: bool,
    as_json: bool,
    dry_run: bool,
    digest: str | None,
    probe_model: str | None,
    no_load: bool,
    with_other_changes: bool,
) -> None:
    """Upgrade LiteLLM, tried on a copy of the database first.

    \b
    uv run ops upgrade --to 1.108.5 --stack prod --dry-run
    uv run ops upgrade --to 1.108.5 --stack prod
    uv run ops upgrade --to 1.108.5 --stack sandbox --yes --json

    It verifies who signed the image, previews, asks, takes a snapshot of the database, makes a
    database from it, runs the new version's migrations there, and asks a proxy of that version:
    keys, budgets, stored credentials. Only then it updates the stack, under requests of its own.
    At the first failure it stops, removes the copy, and the gateway stays as it was. Interrupted,
    killed even, it is taken up by the same command.

    Ends with 2 for a version that is none or an older one, with 3 when something else would change
    too, when another upgrade has to be finished first, or when a request failed.
    """
    to_version = _checked(deployment.settings(), version, digest, probe_model)
    require_answer(yes=yes or dry_run)
    with one_at_a_time(deployment.notes / "upgrade", f"upgrade of stack {deployment.stack}"):
        journal = Journal.read(deployment.notes)
        if journal and journal.tried and journal.to_version != to_version:
            click.echo(
                f"`{journal.command}` was begun and did not end; run it again first", err=True
            )
            sys.exit(NEEDS_ATTENTION)
        going_on = journal if journal and journal.tried else None
        running = pods.serving_version(deployment.kubernetes())
        if going_on:
            click.echo(f"going on with `{going_on.command}`, which did not end", err=True)
        else:
            try:
                check_direction(running, to_version)
            except VersionError as error:
                raise click.BadParameter(str(error), param_hint="--to") from error
        course = Upgrade(
            deployment=deployment,
            from_version=going_on.from_version if going_on else running,
            to_version=to_version,
            digest=digest,
            journal=going_on,
            steps=Steps(),
            told=Progress(),
            probe_model=probe_model,
            with_load=not no_load,
            with_other_changes=with_other_changes,
        )
        if journal and not going_on and not dry_run:
            course.clean_up(journal)
        try:
            plan, changes = course.plan()
        except OtherChanges as error:
            tell_others(error)
            sys.exit(NEEDS_ATTENTION)
        _announce(plan, changes)
        if dry_run:
            _print_plan(plan, as_json)
            return
        if not going_on:
            confirm("Upgrade?", yes=yes)
        _run(course, plan, as_json)


def _checked(settings: Settings, version: str, digest: str | None, probe_model: str | None) -> str:
    """Return the version to go to; BadParameter names the argument that is wrong."""
    require_model(settings, probe_model)
    if digest and not (digest.startswith("sha256:") and len(digest) == 71):
        raise click.BadParameter(
            f"{digest!r} is no digest; one is sha256: and 64 hexadecimal digits",
            param_hint="--digest",
        )
    try:
        return release(version)
    except VersionError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error


def _run(course: Upgrade, plan: Plan, as_json: bool) -> None:
    try:
        report = course.run(plan)
    except _EXPECTED as error:
        serving = pods.what_serves(course.deployment)
        click.echo(f"stopped in the step `{course.steps.failed}`; {serving} serves", err=True)
        if as_json:
            stopped = {"passed": False, "stopped_at": course.steps.failed, "serving": serving}
            document = {**_document(plan), **stopped, "error": str(error)}
            click.echo(json.dumps(document, indent=2))
        raise
    click.echo(json.dumps(report.as_document(), indent=2) if as_json else report.as_text())
    if not report.passed:
        sys.exit(FAILED)
    if report.load.failed:
        sys.exit(NEEDS_ATTENTION)


def _announce(plan: Plan, changes: Sequence[Change]) -> None:
    click.echo(f"LiteLLM {plan.from_version} → {plan.to_version}", err=True)
    for key, value in settings_of(plan.changes).items():
        click.echo(f"  {key}: {value}", err=True)
    list_changes(changes)


def _print_plan(plan: Plan, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_document(plan), indent=2))
    else:
        click.echo(f"{plan.to_version} can be tried; nothing was changed")


def _document(plan: Plan) -> dict[str, object]:
    return {
        "from_version": plan.from_version,
        "to_version": plan.to_version,
        "settings": settings_of(plan.changes),
    }
