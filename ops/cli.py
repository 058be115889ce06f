"""The ``ops`` command: one module for each group of sub-commands."""

import click

from ops.cost.command import cost


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after a gateway.

    \b
    uv run ops cost --stack dev                what a month costs, a line per resource
    uv run ops cost --stack prod --json        the same for a program

    Every command ends with 0 when all is well, 1 when it failed, 2 when it was called wrongly,
    3 when it found something that needs attention, and 130 when it was interrupted.

    Completion for bash: eval "$(_OPS_COMPLETE=bash_source uv run ops)"
    (zsh_source and fish_source for the others).
    """


main.add_command(cost)

if __name__ == "__main__":
    main()
