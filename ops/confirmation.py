"""Asking before a command changes what is hard to undo."""

import sys

import click


def confirm(question: str, *, yes: bool) -> None:
    """Return if ``--yes`` was given or the answer is yes.

    Otherwise the command ends: with 1 if the answer is no, and with 2 where nobody can be asked.
    """
    require_answer(yes=yes)
    if yes:
        return
    click.confirm(question, abort=True, err=True)


def require_answer(*, yes: bool) -> None:
    """End the command with 2 where it will have to ask and nobody can be asked."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here; look at --dry-run, then give --yes")
