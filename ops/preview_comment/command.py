"""``ops preview-comment``."""

import json
import os
import re
from pathlib import Path

import click

from ops.console import failing_clearly
from ops.preview_comment.github import PUBLIC_API, GitHubError, PullRequest
from ops.preview_report.comment import LIMIT

_TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the variable's name
_MARKER = re.compile(r"<!-- [^<>]+ -->")
# Who writes with the token of a workflow.
_WORKFLOWS = "github-actions[bot]"


@click.command("preview-comment")
@click.option(
    "--file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Markdown of `ops preview-report --output`.",
)
@click.option(
    "--repository",
    envvar="GITHUB_REPOSITORY",
    required=True,
    metavar="OWNER/NAME",
    help="Repository; in a workflow it is known.",
)
@click.option(
    "--pull-request",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="Pull request; in a workflow that one started it is known.",
)
@click.option(
    "--author",
    default=_WORKFLOWS,
    show_default=True,
    help="Whose comment is updated: the login behind the token.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a line.")
@failing_clearly(GitHubError, OSError)
def preview_comment(
    file: Path, repository: str, pull_request: int | None, author: str, as_json: bool
) -> None:
    """Put a report on a pull request, or update the one that is there.

    \b
    ops preview-comment --file comment.md                       in a workflow
    ops preview-comment --file comment.md --repository example/gateway --pull-request 7 --author me

    The token is taken from GITHUB_TOKEN and needs `pull-requests: write`. The comment is found by
    the report's first line, among those of --author only; there is one for each stack. GitHub's
    address is GITHUB_API_URL, as workflows have it.

    Ends with 0, with 1 when GitHub refuses, and with 2 when it was called wrongly.
    """
    body = file.read_text(encoding="utf-8")
    marker = body.partition("\n")[0].strip()
    if not _MARKER.fullmatch(marker):
        raise click.BadParameter(
            f"{file} does not begin as a report of `ops preview-report` does", param_hint="--file"
        )
    if len(body) > LIMIT:
        raise click.BadParameter(
            f"{file} has {len(body):,} characters, a comment holds {LIMIT:,}", param_hint="--file"
        )
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise click.BadParameter(f"{repository!r} is not OWNER/NAME", param_hint="--repository")
    token = os.environ.get(_TOKEN, "")
    if not token:
        raise click.UsageError(f"{_TOKEN} is not set; a workflow sets it from `github.token`")
    number = pull_request or _number()
    api = os.environ.get("GITHUB_API_URL", PUBLIC_API)
    with PullRequest(api, repository, number, token) as conversation:
        posted = conversation.post(body, marker, author)
    if as_json:
        click.echo(json.dumps(vars(posted)))
    else:
        click.echo(f"{posted.outcome}: {posted.address}")


def _number() -> int:
    """The pull request that started the workflow.

    ``refs/pull/<number>/merge``: docs.github.com/en/actions/reference/variables-reference.
    """
    reference = os.environ.get("GITHUB_REF", "")
    if found := re.fullmatch(r"refs/pull/(\d+)/merge", reference):
        return int(found[1])
    raise click.UsageError(
        f"give --pull-request NUMBER; GITHUB_REF is {reference!r}, not that of a pull request"
    )
