"""``ops doctor``."""

import json
import sys

import click

from infra.settings import SettingsError
from ops.console import Progress, failing_clearly
from ops.deployments.deployment import Deployment, DeploymentError
from ops.deployments.options import deployment_option
from ops.doctor.checks import CHECKS
from ops.doctor.examination import Examined, examine
from ops.doctor.redaction import hider_of
from ops.doctor.registry import UnknownCheckError, chosen
from ops.doctor.report import Report
from ops.doctor.running_stack import RunningStack


def _list(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        width = max(len(check.name) for check in CHECKS)
        for check in CHECKS:
            click.echo(f"{check.name:{width}}  {check.looks_at}")
        context.exit()


@click.command(epilog=f"Checks: {', '.join(check.name for check in CHECKS)}.")
@deployment_option
@click.option("--only", metavar="CHECK", multiple=True, help="Do this check; may be repeated.")
@click.option("--skip", metavar="CHECK", multiple=True, help="Leave this check out; likewise.")
@click.option(
    "--canary-model",
    metavar="NAME",
    help="Model that the canary asks for one token. Without it a mocked one, or else the first of "
    "the lowest tier.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="Tell what each check looks at, and end.",
)
@failing_clearly(DeploymentError, SettingsError)
def doctor(
    deployment: Deployment,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    canary_model: str | None,
    as_json: bool,
) -> None:
    """Look a running stack over, and tell what is wrong and what to do.

    \b
    uv run ops doctor --stack prod
    uv run ops doctor --stack prod --skip canary --skip drift
    uv run ops doctor --stack sandbox --only pods --only target-health
    uv run ops doctor --stack prod --json | jq '.checks[] | select(.result != "ok")'
    uv run ops doctor --list

    Nothing is changed, but for the canary: one request with a virtual key of its own, alias
    ops-doctor-…, of a fraction of a cent; the key is deleted at the end. Database, cache and
    Prometheus are asked by Jobs in the cluster, which are deleted too. Checks run beside each
    other. Secrets are hidden from whatever is printed. docs/runbooks/doctor.md tells what to do.

    Ends with 0 when all is well, 1 when something failed, 3 when something needs attention or
    could not be told, 2 when called wrongly, 130 when interrupted.
    """
    try:
        checks = chosen(CHECKS, only, skip)
    except UnknownCheckError as error:
        raise click.BadParameter(str(error), param_hint="--only, --skip") from error
    settings = deployment.settings()
    if canary_model and canary_model not in {model.name for model in settings.models}:
        raise click.BadParameter(
            f"the catalogue has no model {canary_model!r}", param_hint="--canary-model"
        )
    progress = Progress()
    stack = RunningStack(deployment, settings, told=progress, canary_model=canary_model)

    def ended(one: Examined, left: int) -> None:
        progress(f"{one.check.name}: {one.result.value}; {left} checks are left")

    examined = examine(stack, checks, hider_of(stack).hide, ended)
    report = Report(stack=deployment.stack, examined=examined)
    click.echo(json.dumps(report.as_document(), indent=2) if as_json else report.as_text())
    sys.exit(report.exit_code)
