"""Keeping a copy of a state before it is changed."""

from datetime import UTC, datetime

from ops.deployments.deployment import Deployment
from ops.state.copies import copy_name, write_copy
from ops.state.stack_state import Document, StateError, plain_secrets, resources
from sandbox.stack_files import PROJECT


def keep_copy(deployment: Deployment, document: Document, place: str) -> tuple[str, int]:
    """Keep a copy of a state; return where, and how many resources it has.

    Raises StateError for a state with a secret in clear, which a copy would spread.
    """
    if urns := plain_secrets(document):
        raise StateError(
            f"{urns[0]} has a secret that is not encrypted, and a copy would spread it; "
            "`ops state check` lists all of them"
        )
    name = copy_name(PROJECT, deployment.stack, datetime.now(UTC))
    return write_copy(place, name, document, deployment.aws), len(resources(document))
