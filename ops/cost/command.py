"""``ops cost``."""

import json
import sys

import click

from infra.settings import SettingsError
from ops.console import NEEDS_ATTENTION, Progress, failing_clearly
from ops.cost.estimate import estimate
from ops.cost.prices import load_prices
from ops.cost.report import as_document, as_table
from ops.cost.usage import UsageError, load_usage
from ops.stack_option import stack_option
from sandbox.preview_only import plan_stack
from sandbox.stack_files import OverrideError
from sandbox.stack_operations import EngineError
from sandbox.toolchain import ToolchainError


def _pairs(
    _context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    pairs = {}
    for text in values:
        key, separator, value = text.partition("=")
        if not separator:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE", param=parameter)
        pairs[key] = value
    return pairs


@click.command()
@stack_option()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option(
    "--usage",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_pairs,
    help="Assumption of use for this run, such as requests_per_day=5000. May be repeated.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_pairs,
    help="Setting of the stack for this run, such as gateway.replicas=2. May be repeated.",
)
@failing_clearly(EngineError, OverrideError, SettingsError, ToolchainError, UsageError)
def cost(stack: str, as_json: bool, usage: dict[str, str], overrides: dict[str, str]) -> None:
    """Tell what a stack costs a month, before it exists.

    The engine previews the stack, with no account; each of its resources is priced, named as free,
    or listed as unknown. What runs the whole month is apart from what use adds; the assumptions on
    use are printed. Tokens of models are not in it.

    Ends with 3 when a resource's cost is unknown: it is not in the total.
    """
    assumed = load_usage(stack, usage)
    plan = plan_stack(stack, overrides, Progress())
    found = estimate(stack, plan, assumed, load_prices())
    if as_json:
        click.echo(json.dumps(as_document(found), indent=2))
    else:
        for line in as_table(found):
            click.echo(line)
    if found.unknown:
        sys.exit(NEEDS_ATTENTION)
