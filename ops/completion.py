"""``ops completion``."""

import click
from click.shell_completion import get_completion_class

# What click looks for in the environment of a program called `ops`.
_PROGRAM, _VARIABLE = "ops", "_OPS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options and stacks.

    \b
    eval "$(ops completion bash)"                               in ~/.bashrc (bash 4.4 or newer)
    eval "$(ops completion zsh)"                                in ~/.zshrc, after compinit
    ops completion fish > ~/.config/fish/completions/ops.fish   once

    It completes the command `ops`, so .venv/bin must be on PATH: source .venv/bin/activate, or
    call it as `uv run ops completion` once the environment is active.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click has no completion for {shell}")
    click.echo(found(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
