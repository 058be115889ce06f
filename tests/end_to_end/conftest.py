"""One sandbox for all end-to-end tests, brought up from nothing; the last module destroys it."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from runbook_shell import RunbookShell
from runbooks import Ran
from running_sandbox import RunningSandbox

from sandbox.paths import Instance

# The drill has sandboxes of its own; then each module stands on the state that the one before left.
_ORDER = (
    "test_drill",
    "test_preview_for_aws",
    "test_requests",
    "test_secrets",
    "test_doctor",
    "test_changes",
    "test_faults",
    "test_restore",
    "test_rotation",
    "test_runbooks",
    "test_upgrade",
    "test_destroy",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = Path(item.path).stem
        return _ORDER.index(name) if name in _ORDER else -1

    items.sort(key=place)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    running = RunningSandbox(Instance("end-to-end", 140))
    if not os.environ.get("KEEP_SANDBOX"):
        running.command("down")
    try:
        running.command("up")
        yield running
    finally:
        if not os.environ.get("KEEP_SANDBOX"):
            running.command("down")


@pytest.fixture(scope="session")
def team(sandbox: RunningSandbox) -> dict[str, str]:
    """A team with a budget and a virtual key that is limited to one model."""
    alias = f"laptop-{secrets.token_hex(4)}"
    with sandbox.admin() as admin:
        team = admin.post("/team/new", json={"team_alias": "engineering", "max_budget": 50})
        team.raise_for_status()
        key = admin.post(
            "/key/generate",
            json={
                "team_id": team.json()["team_id"],
                "key_alias": alias,
                "models": ["claude-haiku-4-5"],
                "max_budget": 10,
                # A load asks more often than a new key may.
                "rpm_limit": 10_000,
            },
        )
        key.raise_for_status()
    return {"id": team.json()["team_id"], "alias": alias, "key": key.json()["key"]}


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest) -> Ran:
    """What the module runs of the runbooks' commands."""
    return Ran(request.module.MODULE)


@pytest.fixture(scope="module")
def shell(
    sandbox: RunningSandbox, ran: Ran, tmp_path_factory: pytest.TempPathFactory
) -> RunbookShell:
    return RunbookShell(
        sandbox.instance, tmp_path_factory.mktemp("runbooks"), ran, {"GATEWAY": sandbox.url}
    )
