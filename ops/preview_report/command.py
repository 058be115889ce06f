"""``ops preview-report``."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ops.console import FAILED, NEEDS_ATTENTION, failing_clearly, step
from ops.preview_report.checkout import HEAD, CannotTell, Checkout, NoSuchCommit, checked_out
from ops.preview_report.comment import LIMIT, comment
from ops.preview_report.gathering import gather, redactor_for
from ops.preview_report.preview import Preview
from ops.preview_report.reading import NotAPreview, read_preview
from ops.preview_report.redaction import Redactor
from ops.preview_report.report import Report
from ops.stack_option import stack_names, stack_option
from sandbox.engine import POLICY_PACK
from sandbox.settled_stack import SettledStack
from sandbox.stack_files import OverrideError
from sandbox.stack_operations import EngineError
from sandbox.toolchain import ToolchainError

_LEAST = 2_000
_file = click.Path(dir_okay=False, readable=True, allow_dash=True, exists=True)


@click.command("preview-report")
@stack_option()
@click.option(
    "--events",
    type=_file,
    help="What the engine told of the preview, an event a line; - for standard input.",
)
@click.option(
    "--preview",
    "document",
    type=_file,
    help="The output of `pulumi preview --json`; - for standard input. Without policies.",
)
@click.option("--base", metavar="REF", help="Commit before the change, such as origin/main.")
@click.option(
    "--base-directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A checkout of that commit, in place of --base.",
)
@click.option(
    "--change-directory",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A checkout of the change, if this is not it: what judges is then the code of here.",
)
@click.option(
    "--commit", default="", metavar="ID", help="Commit of the change, told in the report."
)
@click.option(
    "--without-cost", is_flag=True, help="Leave the cost out, which takes a preview each."
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the Markdown there."
)
@click.option(
    "--limit",
    type=click.IntRange(_LEAST, LIMIT),
    default=LIMIT,
    show_default=True,
    help="Most characters of the Markdown.",
)
@click.option(
    "--github-output",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="GITHUB_OUTPUT",
    help="File that gets the verdict as an output of the step; or GITHUB_OUTPUT.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
@failing_clearly(CannotTell, EngineError, NotAPreview, OSError, OverrideError, ToolchainError)
def preview_report(
    stack: str,
    events: str | None,
    document: str | None,
    base: str | None,
    base_directory: Path | None,
    change_directory: Path | None,
    commit: str,
    without_cost: bool,
    output: Path | None,
    limit: int,
    github_output: Path | None,
    as_json: bool,
) -> None:
    """Turn a preview into the comment on a pull request.

    \b
    PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true \\
      pulumi preview --stack prod --json --policy-pack policy/pack > events.json
    ops preview-report --stack prod --events events.json --base origin/main
    pulumi preview --stack prod --json | ops preview-report --stack prod --preview -
    ops preview-report --stack prod --base origin/main        with no account at all

    First what is dangerous, then changes by layer, cost, capacity, policies, the diff of LiteLLM's
    configuration, and models, teams, budgets and limits that change. No secret value appears.
    Without --events and --preview the stack of --base is brought up in a state that is thrown away,
    and the change is previewed against it: what the change does to a stack that is as the commit
    before says.

    Ends with 0 when nothing is dangerous, 3 when a person must approve, 1 when the preview failed,
    a policy forbids the update, or there is no report, and 2 when it was called wrongly. The
    verdict is `safe`, `approval`, `failed` or `forbidden`.
    """
    # Events tell more than the document.
    source = events or document
    change = Checkout(change_directory.resolve()) if change_directory else HEAD
    _check_options(stack, source, base, base_directory, change)
    with _base(base, base_directory) as earlier:
        redactor = redactor_for(stack, change, *([earlier] if earlier else []))
        if source:
            found = _read(source, redactor)
        else:
            found = _without_account(stack, earlier or HEAD, redactor)
        step("asking both checkouts for cost and configuration")
        report = gather(
            stack, found, change, earlier, redactor, commit=commit, with_cost=not without_cost
        )
    _tell(report, redactor, output, limit, as_json)
    if github_output:
        with github_output.open("a", encoding="utf-8") as outputs:
            outputs.write(f"verdict={report.verdict}\n")
    if report.verdict in ("failed", "forbidden"):
        sys.exit(FAILED)
    if report.verdict == "approval":
        sys.exit(NEEDS_ATTENTION)


def _check_options(
    stack: str, source: str | None, base: str | None, directory: Path | None, change: Checkout
) -> None:
    if stack not in (known := stack_names(change.directory)):
        raise click.BadParameter(
            f"there is no stack {stack!r}; stacks are {', '.join(known)}", param_hint="--stack"
        )
    if base and directory:
        raise click.UsageError("give --base or --base-directory, not both")
    if change != HEAD and not source:
        raise click.UsageError("give the preview of --change-directory with --events or --preview")
    if not (source or base or directory):
        raise click.UsageError(
            "give a preview with --events or --preview, or a commit to compare with by --base"
        )


@contextmanager
def _base(reference: str | None, directory: Path | None) -> Iterator[Checkout | None]:
    if directory:
        yield Checkout(directory.resolve())
    elif reference:
        try:
            with checked_out(reference) as found:
                yield found
        except NoSuchCommit as error:
            raise click.BadParameter(str(error), param_hint="--base") from error
    else:
        yield None


def _read(source: str, redactor: Redactor) -> Preview:
    with click.open_file(source, encoding="utf-8") as file:
        return read_preview(
            file.read(), redactor.hide, "standard input" if source == "-" else source
        )


def _without_account(stack: str, base: Checkout, redactor: Redactor) -> Preview:
    with tempfile.TemporaryDirectory(prefix="preview-report-") as directory:
        place = Path(directory)
        step(f"bringing {stack} up as it was, in a state that is thrown away")
        base.settle(stack, place)
        step("previewing the change against it")
        text = SettledStack(stack, place).preview_text("events", policy_pack=POLICY_PACK)
        return read_preview(text, redactor.hide)


def _tell(
    report: Report, redactor: Redactor, output: Path | None, limit: int, as_json: bool
) -> None:
    if output:
        output.write_text(comment(report, redactor.hide, limit), encoding="utf-8")
        step(f"wrote {output}")
    if as_json:
        click.echo(redactor.hide(json.dumps(report.as_document(), indent=2, ensure_ascii=False)))
    elif not output:
        click.echo(comment(report, redactor.hide, limit), nl=False)
