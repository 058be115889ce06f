"""The actions that may name every resource, against AWS's Service Authorization Reference."""

import importlib.util
import json
from pathlib import Path

import pytest

from policy.controls.identity import UNRESTRICTABLE


@pytest.fixture(scope="module")
def reference() -> dict[str, set[str]]:
    """Resource types of each action, as parliament has read them from the reference."""
    found = importlib.util.find_spec("parliament")
    assert found is not None and found.origin is not None
    services = json.loads((Path(found.origin).parent / "iam_definition.json").read_text())
    return {
        f"{service['prefix']}:{action['privilege']}": {
            resource["resource_type"] for resource in action["resource_types"]
        }
        for service in services
        for action in service["privileges"]
    }


@pytest.mark.parametrize("action", sorted(UNRESTRICTABLE))
def test_an_action_that_may_name_every_resource_takes_none(
    reference: dict[str, set[str]], action: str
) -> None:
    assert reference[action] == {""}
