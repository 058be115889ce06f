"""``ops pipeline``."""

import json
import os
import sys
from pathlib import Path

import click

from infra.documents import InvalidConfiguration
from infra.settings import SettingsError
from ops.config.stack_file import UnknownStack
from ops.console import NEEDS_ATTENTION, Progress, failing_clearly, step
from ops.deployments.deployment import Deployment, DeploymentError
from ops.deployments.options import deployment_option
from ops.pipeline.checkout import require_commit
from ops.pipeline.drift import EXCLUDED, Drift
from ops.pipeline.gate import Needs
from ops.pipeline.identity import PipelineError, Purpose, workflow_identity
from ops.pipeline.issues import Issues
from sandbox.lifecycle import SandboxError
from sandbox.outcome import Outcome
from sandbox.paths import PROJECT_ROOT
from sandbox.stack_operations import EngineError
from sandbox.toolchain import ToolchainError

_failing = failing_clearly(
    DeploymentError,
    EngineError,
    InvalidConfiguration,
    OSError,
    PipelineError,
    SandboxError,
    SettingsError,
    ToolchainError,
    UnknownStack,
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def pipeline() -> None:
    """The steps of the workflows, which run the same way at a desk.

    \b
    ops pipeline role --stack prod --purpose preview
    ops pipeline preview --stack prod --events events.json
    ops pipeline gate --needs "$NEEDS"
    ops pipeline deploy --stack prod --commit "$(git rev-parse HEAD)"
    ops pipeline drift --stack prod --output drift.json
    ops pipeline issue --repository example/litellm-gateway --file drift.json

    The state's backend is that of identity.github in the stack's file, unless PULUMI_BACKEND_URL
    names another one.
    """


@pipeline.command()
@deployment_option
@click.option("--purpose", type=click.Choice(["preview", "deploy"]), required=True)
@click.option(
    "--github-output",
    type=_FILE,
    envvar="GITHUB_OUTPUT",
    help="File that gets role, region and backend as outputs of the step; or GITHUB_OUTPUT.",
)
@_as_json
@_failing
def role(
    deployment: Deployment, purpose: Purpose, github_output: Path | None, as_json: bool
) -> None:
    """Tell which role a workflow's job takes for a stack, and where.

    \b
    ops pipeline role --stack prod --purpose deploy
    ops pipeline role --stack prod --purpose deploy --json | jq -r .role
    """
    found = workflow_identity(deployment.stack, deployment.settings(), purpose)
    if github_output:
        with github_output.open("a", encoding="utf-8") as outputs:
            outputs.write(found.as_lines())
    if as_json:
        click.echo(json.dumps({**vars(found), "purpose": purpose}))
    else:
        click.echo(f"{found.role} in {found.region}, for jobs of environment {found.environment}")


@pipeline.command()
@deployment_option
@click.option("--events", type=_FILE, required=True, help="Where the engine's events go.")
@_failing
def preview(deployment: Deployment, events: Path) -> None:
    """Preview a stack with its policies, and keep the engine's events for the report.

    \b
    ops pipeline preview --stack prod --events events.json

    An event a line; a preview that policies forbid is a preview too. Secrets are `[secret]` in it.
    Ends with 0 if there is a preview, 1 if the engine failed.
    """
    _use_backend(deployment)
    step(f"previewing {deployment.stack}")
    events.write_text(deployment.preview_events(), encoding="utf-8")


@pipeline.command()
@click.option("--needs", required=True, metavar="JSON", help="The context `needs` of the job.")
@_failing
def gate(needs: str) -> None:
    """Let a pull request pass if its preview is safe, or a person has approved it.

    \b
    ops pipeline gate --needs "$NEEDS"

    Jobs before it that failed, were cancelled or skipped let nothing pass. Ends with 0 if the pull
    request may be merged, 1 if not.
    """
    try:
        found = Needs.read(needs)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--needs") from error
    if found.refusal:
        raise PipelineError(found.refusal)
    click.echo("a person has approved" if found.verdict == "approval" else "nothing is dangerous")


@pipeline.command()
@deployment_option
@click.option("--commit", required=True, help="The reviewed commit; the checkout must be it.")
@_as_json
@_failing
def deploy(deployment: Deployment, commit: str, as_json: bool) -> None:
    """Bring a stack up to a reviewed commit.

    \b
    ops pipeline deploy --stack prod --commit "$GITHUB_SHA"

    It previews with the policies first, and stops where one forbids the update. Interrupted, run it
    again. Ends with 0 if the stack is up to the commit, 1 if it failed, 3 if a policy forbids it.
    """
    require_commit(PROJECT_ROOT, commit)
    _use_backend(deployment)
    progress = Progress()
    step(f"holding {deployment.stack} to the policies")
    planned = deployment.preview({}, progress, policies=True)
    if planned.forbidden:
        _tell(deployment, planned, as_json, done=False)
        sys.exit(NEEDS_ATTENTION)
    step(f"updating {deployment.stack}: {_counts(planned)}")
    outcome = deployment.up(progress)
    _tell(deployment, outcome, as_json, done=True)


@pipeline.command()
@deployment_option
@click.option("--output", type=_FILE, help="Where the report goes too, for `ops pipeline issue`.")
@_as_json
@_failing
def drift(deployment: Deployment, output: Path | None, as_json: bool) -> None:
    """Compare every resource with the real thing, but for values of secrets.

    \b
    ops pipeline drift --stack prod --output drift.json

    Neither the state nor anything real changes. What the preview role must not read is left out:
    secret versions and Helm releases. Ends with 0 without drift, 1 if it failed, 3 with drift.
    """
    _use_backend(deployment)
    step(f"reading what {deployment.stack} really is")
    outcome = deployment.drift(Progress(), EXCLUDED)
    listed = outcome.as_dictionary()["changes"]
    found = Drift(stack=deployment.stack, changes=json.loads(json.dumps(listed)))
    if output:
        output.write_text(found.as_text(), encoding="utf-8")
    if as_json:
        click.echo(found.as_text())
    else:
        for change in found.changes:
            properties = ", ".join(change["properties"])
            click.echo(f"{change['operation']:8} {change['type']} {change['name']} {properties}")
        click.echo(f"{len(found.changes) or 'no'} resources have drifted")
    if found.changes:
        sys.exit(NEEDS_ATTENTION)


@pipeline.command()
@click.option("--repository", required=True, metavar="OWNER/NAME", help="Whose issues.")
@click.option(
    "--file",
    "report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="What `ops pipeline drift --output` wrote.",
)
@_failing
def issue(repository: str, report: Path) -> None:
    """Open an issue on drift, keep it up to date, close it when the drift is gone.

    \b
    ops pipeline issue --repository example/litellm-gateway --file drift.json

    One issue a stack, however often this runs. GITHUB_TOKEN needs the permission issues: write.
    """
    try:
        found = Drift.read(report.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.BadParameter(f"{report}: {error}", param_hint="--file") from error
    click.echo(Issues(repository).tell(found))


def _use_backend(deployment: Deployment) -> None:
    github = deployment.settings().identity.github
    if github and "PULUMI_BACKEND_URL" not in os.environ:
        found = workflow_identity(deployment.stack, deployment.settings(), "preview")
        os.environ["PULUMI_BACKEND_URL"] = found.backend


def _counts(outcome: Outcome) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(outcome.counts.items()))


def _tell(deployment: Deployment, outcome: Outcome, as_json: bool, *, done: bool) -> None:
    if as_json:
        told = {"stack": deployment.stack, "done": done, **outcome.as_dictionary()}
        click.echo(json.dumps(told, indent=2))
        return
    for violation in outcome.violations:
        mark = click.style("forbidden", fg="red") if violation.mandatory else "note"
        click.echo(f"{mark}  {violation.policy}  {violation.message}")
    state = "is up" if done else "stays as it is"
    click.echo(f"{deployment.stack} {state}: {_counts(outcome) or 'nothing to do'}")
