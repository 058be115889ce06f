"""``ops resolve-migration``: what Prisma waits for after a migration that failed."""

import json
import re

import click

from ops.confirmation import confirm, require_answer
from ops.console import Progress, failing_clearly
from ops.deployments.deployment import Deployment
from ops.deployments.errors import STACK_ERRORS
from ops.deployments.options import deployment_option
from ops.one_at_a_time import AnotherRun, one_at_a_time
from ops.upgrade import pods, scratch

_NAME = re.compile(r"\d{14}_\w+")
_SECONDS = 300


@click.command()
@click.argument("name", metavar="MIGRATION")
@click.option("--rolled-back", "how", flag_value="--rolled-back", help="Nothing of it is left.")
@click.option("--applied", "how", flag_value="--applied", help="All of it is there.")
@deployment_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Tell what would be run; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@failing_clearly(*STACK_ERRORS, AnotherRun)
def resolve_migration(
    name: str, how: str | None, deployment: Deployment, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Say what came of MIGRATION, which began and did not end; until then none runs any more.

    \b
    uv run ops resolve-migration 20261009000100_telemetry_reports --rolled-back --stack prod
    uv run ops resolve-migration 20261009000100_telemetry_reports --applied --stack prod --yes

    Look at the tables first: with --rolled-back the next update runs it again, with --applied it
    never runs again. No table of the gateway is touched. It is said by Prisma itself, in a pod of
    the image that migrated last and with its login.

    Ends with 1 when it was refused, as for a migration that has not failed.
    """
    if how is None:
        raise click.UsageError("say what came of it: --rolled-back or --applied")
    if not _NAME.fullmatch(name):
        raise click.BadParameter(
            f"{name!r} is no migration; one is like 20261009000100_telemetry_reports",
            param_hint="MIGRATION",
        )
    require_answer(yes=yes or dry_run)
    command = f"prisma migrate resolve {how} {name}"
    with one_at_a_time(deployment.notes / "upgrade", f"upgrade of stack {deployment.stack}"):
        api = deployment.kubernetes()
        pod = scratch.resolution_pod(pods.migration_job(api), [how, name])
        if dry_run:
            _print(as_json, command, f"would run `{command}`; nothing was changed")
            return
        confirm(f"Run `{command}` on the database of {deployment.stack}?", yes=yes)
        pods.remove_leftovers(api)
        container = pod["spec"]["containers"][0]["name"]
        try:
            answer = pods.run(api, pod, container, _SECONDS, Progress())
        finally:
            pods.remove_leftovers(api)
    _print(as_json, command, answer.strip())


def _print(as_json: bool, command: str, answer: str) -> None:
    click.echo(json.dumps({"command": command, "answer": answer}, indent=2) if as_json else answer)
