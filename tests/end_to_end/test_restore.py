"""The database of the running gateway goes back to a moment, beside the one that goes on."""

import json
from dataclasses import dataclass

import pytest
from running_sandbox import RunningSandbox, eventually

from ops.deployments.sandboxed import SandboxDeployment
from sandbox.backing_services import Databases
from sandbox.outcome import Outcome

# Made anew by name, and nothing is lost with them.
_REPLACED = {"database-users", "database-master", "config"}


@dataclass
class Story:
    """A key that was deleted after the moment, one that was made after it, and what came of it."""

    preview: Outcome
    generation: int
    deleted_key: int
    later_key: int
    cleared: Outcome
    databases: set[str]


def restored(sandbox: RunningSandbox) -> Story:
    """Delete a key, make another one, and restore to the moment before both."""
    deployment = SandboxDeployment(sandbox.instance)
    before = deployment.settings().database
    with sandbox.admin() as admin:
        deleted = admin.post("/key/generate", json={}).raise_for_status().json()["key"]
        # By the server's clock, and a whole second after the key.
        ((moment,),) = sandbox.sql(
            "SELECT to_char(date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC') "
            "+ interval '1 second', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        )
        sandbox.sql("SELECT pg_sleep(1.1)")
        admin.post("/key/delete", json={"keys": [deleted]}).raise_for_status()
        later = admin.post("/key/generate", json={}).raise_for_status().json()["key"]
    changes = {
        "database.generation": str(before.generation + 1),
        "database.retiredGenerations": json.dumps([*before.retired_generations, before.generation]),
        "restore.pointInTime": json.dumps(
            {"source": deployment.outputs()["databaseIdentifier"], "time": moment}
        ),
    }
    preview = deployment.preview(changes, lambda _: None)
    deployment.keep(changes)
    before_the_roll = {pod["metadata"]["uid"] for pod in sandbox.pods()}
    deployment.up(lambda _: None)
    # Until they have gone, pods answer from the database of before.
    eventually(
        lambda: before_the_roll.isdisjoint(pod["metadata"]["uid"] for pod in sandbox.pods()),
        seconds=120,
        wanted="end of the old pods",
    )
    return Story(
        preview=preview,
        generation=before.generation + 1,
        deleted_key=sandbox.complete(deleted).status_code,
        later_key=sandbox.complete(later).status_code,
        cleared=deployment.preview({"restore": "{}"}, lambda _: None),
        databases={database.identifier for database in Databases(sandbox.instance).all()},
    )


@pytest.fixture(scope="module")
def story(sandbox: RunningSandbox) -> Story:
    return restored(sandbox)


def test_the_preview_creates_a_database_and_takes_none_away(story: Story) -> None:
    created = {change.name for change in story.preview.changes if change.operation == "create"}
    assert f"database-{story.generation}" in created
    gone = {
        change.name
        for change in story.preview.changes
        if change.operation not in ("create", "update")
    }
    assert gone <= _REPLACED


def test_what_was_deleted_after_the_moment_is_there_again(story: Story) -> None:
    assert story.deleted_key == 200


def test_what_was_made_after_the_moment_is_not_there(story: Story) -> None:
    assert story.later_key == 401


def test_the_old_database_goes_on_beside_the_new_one(story: Story) -> None:
    assert {f"litellm-sandbox-database-{story.generation - 1}"} < story.databases


def test_clearing_what_was_restored_changes_nothing(story: Story) -> None:
    assert story.cleared.changes == []
