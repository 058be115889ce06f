"""The ``ops`` command: one module for each group of sub-commands."""

import click

from ops.bootstrap.command import bootstrap
from ops.completion import completion
from ops.config.command import config
from ops.cost.command import cost
from ops.destroy.command import destroy
from ops.doctor.command import doctor
from ops.drill.command import drill
from ops.images.command import images
from ops.models import models
from ops.pipeline.command import pipeline
from ops.preview_comment.command import preview_comment
from ops.preview_report.command import preview_report
from ops.resolve_migration import resolve_migration
from ops.rotate.command import rotate
from ops.state.command import state
from ops.upgrade.command import upgrade
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
    uv run ops bootstrap --stack prod …        what a stack's state needs before the first run
    uv run ops state check --stack prod        whether the state is sound; backup, repair, restore
    uv run ops images verify --stack prod      whether the images are signed
    uv run ops preview-report --stack prod     what a change endangers, changes and costs
    uv run ops pipeline deploy --stack prod …  what the workflows call
    uv run ops rotate master-key --stack prod  a new secret, with no failed request
    uv run ops upgrade --to 1.108.5 --stack …  another LiteLLM, tried on a copy of the database
    uv run ops resolve-migration NAME --stack… let a failed migration run again
    uv run ops doctor --stack prod             what is wrong with a running stack, what to do
    uv run ops drill                           lose a region of a sandbox and come back
    uv run ops destroy --stack dev             delete a stack, and say what stays

    Every command ends with 0 when all is well, 1 when it failed, 2 when it was called wrongly,
    3 when it found something that needs attention, and 130 when it was interrupted.

    Completion: see `ops completion --help`.
    """


main.add_command(bootstrap)
main.add_command(completion)
main.add_command(config)
main.add_command(cost)
main.add_command(destroy)
main.add_command(doctor)
main.add_command(drill)
main.add_command(images)
main.add_command(models)
main.add_command(pipeline)
main.add_command(state)
main.add_command(rotate)
main.add_command(preview_comment)
main.add_command(preview_report)
main.add_command(resolve_migration)
main.add_command(upgrade)
main.add_command(users)

if __name__ == "__main__":
    main()
