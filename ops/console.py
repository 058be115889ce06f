"""What every command prints the same way: progress, errors, exit codes."""

import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec

import click

FAILED = 1
NEEDS_ATTENTION = 3
INTERRUPTED = 130
# What is over sooner needs no progress, and nobody reads more than a line in that time.
_PATIENCE_SECONDS = 3.0

Parameters = ParamSpec("Parameters")


class Progress:
    """Tells on standard error what a command is at, a line each three seconds at most."""

    def __init__(self) -> None:
        self._started = self._told = time.monotonic()

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        if text.strip() and now - self._told > _PATIENCE_SECONDS:
            elapsed = click.style(f"{now - self._started:6.1f} s", dim=True)
            click.echo(f"{elapsed}  {text.strip()}", err=True)
            self._told = now


def step(text: str) -> None:
    """Tell on standard error what a command does next, if that takes longer than a moment."""
    click.echo(click.style(f"… {text}", dim=True), err=True)


def fail(error: object) -> NoReturn:
    """Print an error on standard error and end with exit code 1."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
    sys.exit(FAILED)


def failing_clearly(
    *expected: type[Exception],
) -> Callable[[Callable[Parameters, None]], Callable[Parameters, None]]:
    """Turn expected errors into a message and exit code 1, and an interrupt into 130."""

    def decorate(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
        @wraps(command)
        def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            try:
                command(*args, **kwargs)
            except expected as error:
                fail(error)
            except KeyboardInterrupt:
                click.echo("interrupted", err=True)
                sys.exit(INTERRUPTED)

        return wrapped

    return decorate
