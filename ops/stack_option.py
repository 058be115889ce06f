"""``--stack``, which every command that is about a stack has, and its completion."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from sandbox.paths import PROJECT_ROOT

_PREFIX, _SUFFIX = "Pulumi.", ".yaml"

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def stack_option(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """Return the option; shells complete it with the stacks that have a file."""
    return click.option(
        "--stack",
        required=required,
        metavar="NAME",
        shell_complete=_complete,
        help="Stack, such as dev or prod.",
    )


def stack_names(directory: Path = PROJECT_ROOT) -> list[str]:
    """Return the names of the stacks that have a file."""
    files = directory.glob(f"{_PREFIX}*{_SUFFIX}")
    return sorted(file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for file in files)


def _complete(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [CompletionItem(name) for name in stack_names() if name.startswith(incomplete)]
