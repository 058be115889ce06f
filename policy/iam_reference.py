"""Which IAM actions can be restricted to resources.

The figures are AWS's Service Authorization Reference as parliament has read it. Its file is opened
only when a statement names every resource.
"""

import importlib.util
import json
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from policy.stack import CannotTell


def restrictable(action: str) -> bool:
    """Whether an action, or one that its pattern stands for, takes resources.

    One that the reference does not have counts as restrictable. Raises
    :class:`~policy.stack.CannotTell` where parliament is not installed.
    """
    wanted = action.lower()
    found = [takes for name, takes in _actions().items() if fnmatchcase(name, wanted)]
    return not found or any(found)


@cache
def _actions() -> dict[str, bool]:
    package = importlib.util.find_spec("parliament")
    if package is None or package.origin is None:
        raise CannotTell("which actions take resources is not known: parliament is not installed")
    services = json.loads((Path(package.origin).parent / "iam_definition.json").read_text())
    return {
        f"{service['prefix']}:{action['privilege']}".lower(): any(
            resource["resource_type"] for resource in action["resource_types"]
        )
        for service in services
        for action in service["privileges"]
    }
