"""Changes of a preview, as a command that brings a stack up shows them before it asks."""

from collections.abc import Sequence

import click

from sandbox.outcome import Change


class OtherChanges(Exception):
    """The preview has changes that do not belong to what a command is for."""

    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__(f"the preview has {len(changes)} changes that do not belong here")
        self.changes = changes


def list_changes(changes: Sequence[Change]) -> None:
    """Tell each change on standard error, with the properties that change."""
    for change in changes:
        properties = f"  {', '.join(change.properties)}" if change.properties else ""
        click.echo(
            f"  {change.operation:18} {change.resource_type}  {change.name}{properties}", err=True
        )


def tell_others(error: OtherChanges) -> None:
    """Tell what else would change, and what to do about it."""
    click.echo("something else would change too:", err=True)
    list_changes(error.changes)
    click.echo(
        "bring the stack up to its configuration first, or give --with-other-changes", err=True
    )
