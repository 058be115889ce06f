"""The whole pack, over what the real engine previews for the delivered stacks."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from known_program import run_known_program

from policy.control import Status, assess_all
from policy.controls import CONTROLS
from sandbox.paths import PROJECT_ROOT

STACKS = ["dev", "prod", "prod-dr"]


def preview(stack: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [
            *[sys.executable, "-m", "sandbox.cli", "preview", "--stack", stack],
            *["--policy", "--json", *arguments],
        ],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr[-4000:]
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def previews() -> dict[str, tuple[int, dict[str, Any]]]:
    return {stack: preview(stack) for stack in STACKS}


@pytest.mark.parametrize("stack", STACKS)
def test_no_control_forbids_a_stack(
    stack: str, previews: dict[str, tuple[int, dict[str, Any]]]
) -> None:
    code, found = previews[stack]
    mandatory = [violation for violation in found["violations"] if violation["mandatory"]]
    assert [f"{violation['policy']}: {violation['message']}" for violation in mandatory] == []
    assert code == 0


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_preview_cannot_check_is_checked_where_every_value_is_known(
    stack: str, previews: dict[str, tuple[int, dict[str, Any]]]
) -> None:
    checked = {
        (found.resource.label, found.control.row, found.check)
        for found in assess_all(CONTROLS, run_known_program(stack).stack)
        if found.status is not Status.NOT_CHECKED
    }
    unchecked = {
        part
        for violation in previews[stack][1]["violations"]
        if violation["policy"] == "not-checked"
        for part in _parts(violation["message"])
    }
    assert unchecked - checked == set()


def _parts(message: str) -> list[tuple[str, int, str]]:
    label, _, rest = message.partition(": row ")
    row = int(rest.partition(":")[0])
    checks = rest.rpartition("[")[2].removesuffix("]").split(", ")
    return [(label, row, check) for check in checks]


def test_a_forbidden_preview_exits_with_4_and_names_row_and_resource() -> None:
    code, found = preview("dev", "--set", "database.backupRetentionDays=1")
    assert code == 4
    assert {
        "policy": "16-database-durability",
        "mandatory": True,
        "message": "aws:rds/instance:Instance::database-1: backups are kept for 1 days; 7 are "
        "wanted [is-backed-up]",
        "urn": "urn:pulumi:dev::litellm-gateway::litellm:data-stores:DataStores$"
        "litellm:database:Database$aws:rds/instance:Instance::database-1",
    } in found["violations"]
    assert found["changes"]
