"""``ops config check`` and ``ops config render``."""

import json
import sys
from pathlib import Path

import click

from infra.documents import InvalidConfiguration
from infra.settings import SettingsError
from ops.config.rendered import STAND_INS, render, settings_of
from ops.config.stack_file import UnknownStack, read_stack_file
from ops.config.verdict import Verdict, judge
from ops.console import FAILED, NEEDS_ATTENTION, failing_clearly, step
from ops.stack_option import stack_option


@click.group()
def config() -> None:
    """Show and check what the proxy of a stack will read."""


@config.command()
@stack_option(required=False)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Check this config.yaml of LiteLLM as it is, in place of what the stack renders.",
)
@click.option(
    "--without-litellm",
    is_flag=True,
    help="Leave LiteLLM's own part out, which needs packages of its own and some seconds.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
@failing_clearly(OSError, UnicodeDecodeError)
def check(stack: str | None, file: Path | None, without_litellm: bool, as_json: bool) -> None:
    """Check a stack's settings and LiteLLM's configuration made of them.

    \b
    ops config check --stack prod                        before `pulumi up`, with no account
    ops config check --stack prod --without-litellm      the quick part, for a commit hook
    ops config check --file config.yaml                  a file as it is
    ops config check --file config.yaml --stack prod     … for the pods of this stack
    ops config check --stack prod --json | jq .problems  for a program

    Three parts, each of which finds what the others cannot. `settings`: every key of
    Pulumi.<stack>.yaml and the rules between them. `config`: the program runs as in `pulumi up`,
    with stand-ins for what only AWS knows, and its rules hold what it rendered: known keys, no
    secret in clear, variables that the pods have, fallbacks and aliases that lead somewhere.
    `litellm`: LiteLLM, in the version that is deployed, reads every section and builds its router.
    LiteLLM's own --validate_config passes configurations of which it drops models.

    Ends with 0 if all is valid, 1 if there are problems, 2 if it was called wrongly, and 3 if no
    problem was found but LiteLLM could not be asked.
    """
    if stack is None and file is None:
        raise click.UsageError("give --stack NAME, --file PATH, or both")
    text = file.read_text(encoding="utf-8") if file else None
    try:
        verdict = judge(stack, text, litellm=not without_litellm, report=step)
    except UnknownStack as error:
        raise click.BadParameter(str(error), param_hint="--stack") from error
    if as_json:
        click.echo(json.dumps({"stack": stack, "file": file and str(file)} | verdict.as_document()))
    else:
        _tell(verdict)
    if verdict.problems:
        sys.exit(FAILED)
    if verdict.could_not_ask:
        sys.exit(NEEDS_ATTENTION)


def _tell(verdict: Verdict) -> None:
    for problem in verdict.problems:
        part = click.style(f"{problem.part}:", fg="red", bold=True)
        key = click.style(f"{problem.key}: ", bold=True) if problem.key else ""
        click.echo(f"{part} {key}{problem.message}")
    for note in verdict.notes:
        click.echo(click.style(f"note: {note}", dim=True))
    if verdict.not_asked:
        click.echo(f"{click.style('LiteLLM itself was not asked:', bold=True)} {verdict.not_asked}")
    if verdict.problems:
        count = len(verdict.problems)
        click.echo(f"{count} problem" + ("s" if count > 1 else ""))
    elif verdict.litellm_version:
        click.echo(
            click.style("valid", fg="green", bold=True)
            + f": LiteLLM {verdict.litellm_version} takes {verdict.deployments} of "
            f"{verdict.deployments} deployments"
        )
    else:
        click.echo("no problem found in the other parts")


@config.command("render")
@stack_option()
@failing_clearly(InvalidConfiguration, SettingsError)
def render_(stack: str) -> None:
    """Print LiteLLM's configuration of a stack, as `pulumi up` would put it into the cluster.

    \b
    ops config render --stack prod
    diff <(ops config render --stack dev) <(ops config render --stack prod)

    It holds no secret, only the names of the variables that do. Ends with 1 if the stack's settings
    or the configuration made of them do not hold.
    """
    try:
        file = read_stack_file(stack)
    except UnknownStack as error:
        raise click.BadParameter(str(error), param_hint="--stack") from error
    settings = settings_of(stack, file)
    step("running the program for this stack, with no account")
    rendered = render(stack, file, settings)
    step(STAND_INS)
    click.echo(rendered.text, nl=False)
