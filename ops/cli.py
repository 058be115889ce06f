"""The ``ops`` command: one module for each group of sub-commands."""

import click

from ops.completion import completion
from ops.config.command import config
from ops.cost.command import cost
from ops.models import models
from ops.users import users


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after a gateway.

    \b
    uv run ops cost --stack dev                what a month costs, a line per resource
    uv run ops cost --stack prod --json        the same for a program
    uv run ops config check --stack prod       whether LiteLLM will do what the settings say
    uv run ops config render --stack prod      what the proxy will read
    uv run ops models --url https://admin…     models that the admin UI added
    uv run ops users --url https://admin…      how many users there are, and may sign in

    Every command ends with 0 when all is well, 1 when it failed, 2 when it was called wrongly,
    3 when it found something that needs attention, and 130 when it was interrupted.

    Completion: see `ops completion --help`.
    """


main.add_command(completion)
main.add_command(config)
main.add_command(cost)
main.add_command(models)
main.add_command(users)

if __name__ == "__main__":
    main()
