"""An upgrade to another release of LiteLLM under a steady load, and what stops one.

``UPGRADE_KILLED_AT=all`` kills it at each of its steps, which takes long; without it at two.
"""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from command_steps import kill_at, run_with_fault_at
from figures import FIGURES
from runbook_shell import RunbookShell
from runbooks import Ran, commands
from running_sandbox import DEPLOYMENT, NAMESPACE, Load, RunningSandbox, steady_load

from infra import versions
from ops.upgrade.journal import Journal
from ops.upgrade.scratch import LABEL, PART_OF
from sandbox.paths import PROJECT_ROOT
from sandbox.stack_files import kept_settings

# The newest release whose packages could all be had; its list is in sandbox/image_files.
NEXT = "1.108.5"
COPY = "litellm-sandbox-upgrade-scratch"
MIGRATIONS = 'SELECT count(*) FROM "_prisma_migrations" WHERE finished_at IS NOT NULL'
UNFINISHED = (
    'SELECT migration_name FROM "_prisma_migrations" '
    "WHERE finished_at IS NULL AND rolled_back_at IS NULL"
)
# A table of the next version's, in the way of a migration and of nothing that serves.
OBSTACLE = '"LiteLLM_TelemetryReport"'
# What makes a stored credential one that no salt key opens.
SPOIL = """
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.credential_values := '{"anthropic_identity_source": "lost"}'; RETURN NEW; END $$;
CREATE TRIGGER spoil BEFORE INSERT ON "LiteLLM_CredentialsTable"
FOR EACH ROW EXECUTE FUNCTION spoil();
"""
TRIAL = (
    "image", "preview", "virtual key", "snapshot", "restore", "migrate", "smoke test",
    "remove the copy",
)  # fmt: skip
UPDATE = ("keep", "up", "watch", "verify", "clean up")
EVERY = os.environ.get("UPGRADE_KILLED_AT") == "all"


def upgrade(sandbox: RunningSandbox) -> list[str]:
    return sandbox.ops_line("upgrade", "--to", NEXT, "--yes")


def run(
    sandbox: RunningSandbox, *arguments: str, command: str = "upgrade"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        sandbox.ops_line(command, *arguments),
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass(frozen=True)
class Serving:
    """What must be as it was after an upgrade that stopped."""

    image: str
    pods: frozenset[str]
    settings: tuple[tuple[str, str], ...]
    migrations: str

    @classmethod
    def of(cls, sandbox: RunningSandbox) -> "Serving":
        (container,) = sandbox.kubernetes.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
        return cls(
            image=container["image"],
            pods=frozenset(pod["metadata"]["uid"] for pod in sandbox.pods()),
            settings=tuple(sorted(kept_settings(sandbox.instance.state / "project").items())),
            migrations=sandbox.sql(MIGRATIONS)[0][0],
        )


def leftovers(sandbox: RunningSandbox) -> list[str]:
    """Return whatever a trial has made and nobody removed."""
    found = [
        f"{kind} {one['metadata']['name']}"
        for kind in ("pods", "secrets", "configmaps")
        for one in sandbox.kubernetes.list(
            f"{NAMESPACE}/{kind}", labelSelector=f"{PART_OF}={LABEL}"
        )
    ]
    databases = sandbox.aws("rds").describe_db_instances()["DBInstances"]
    servers = [entry.name for entry in (sandbox.instance.state / "databases").iterdir()]
    names = [one["DBInstanceIdentifier"] for one in databases] + servers
    found += [name for name in names if name == COPY]
    with sandbox.admin() as admin:
        listed = admin.get("/key/list", params={"size": 100, "return_full_object": True}).json()
        found += [k["key_alias"] for k in listed["keys"] if is_ours(k["key_alias"])]
        stored = admin.get("/credentials").json()["credentials"]
        found += [c["credential_name"] for c in stored if is_ours(c["credential_name"])]
    return found + ([str(Journal.read(sandbox.instance.state))] if note_is_left(sandbox) else [])


def is_ours(name: str | None) -> bool:
    return (name or "").startswith("ops-upgrade-")


def note_is_left(sandbox: RunningSandbox) -> bool:
    return Journal.read(sandbox.instance.state) is not None


@contextlib.contextmanager
def in_the_database(sandbox: RunningSandbox, made: str, removed: str) -> Iterator[None]:
    sandbox.sql(made)
    try:
        yield
    finally:
        sandbox.sql(removed)


@pytest.fixture(scope="module", autouse=True)
def load(sandbox: RunningSandbox, team: dict[str, str]) -> Iterator[Load]:
    """Somebody's requests all the while, also during what fails and what is killed."""
    with steady_load(sandbox, team["key"]) as load:
        yield load


@pytest.fixture(scope="module")
def serving(sandbox: RunningSandbox) -> Serving:
    """The gateway before anything of this module."""
    return Serving.of(sandbox)


@pytest.mark.parametrize(
    ("version", "code", "told"),
    [
        ("1.100.0", 2, "Migrations of the database do not go back"),
        ("999.0.0", 1, "999.0.0 cannot be had from the package registry"),
    ],
)
def test_a_version_that_cannot_be_is_refused(
    sandbox: RunningSandbox, serving: Serving, version: str, code: int, told: str
) -> None:
    done = run(sandbox, "--to", version, "--yes")
    assert done.returncode == code
    assert told in done.stderr
    assert Serving.of(sandbox) == serving


@pytest.mark.parametrize("step", TRIAL if EVERY else ("migrate",))
def test_an_upgrade_that_is_killed_while_it_tries_changes_nothing(
    sandbox: RunningSandbox, serving: Serving, step: str
) -> None:
    pod = {"migrate": "upgrade-migration", "smoke test": "upgrade-smoke"}.get(step)
    kill_at(upgrade(sandbox), step, lambda: not pod or sandbox.pods(pod))
    with FIGURES.fault(f"upgrade killed: {step}"):
        assert Serving.of(sandbox) == serving


def test_a_failing_migration_stops_the_upgrade_and_the_gateway_stays(
    sandbox: RunningSandbox, serving: Serving
) -> None:
    made, removed = f"CREATE TABLE {OBSTACLE} (id text)", f"DROP TABLE {OBSTACLE}"
    with in_the_database(sandbox, made, removed):
        done = run(sandbox, "--to", NEXT, "--yes", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["stopped_at"], report["serving"]) == ("migrate", versions.LITELLM), report[
        "error"
    ]
    assert "telemetry_reports" in report["error"]
    assert "`ops resolve-migration`" in report["error"]
    assert Serving.of(sandbox) == serving
    # Those of the run that was killed before, too.
    assert leftovers(sandbox) == []


def test_a_credential_that_does_not_decrypt_stops_the_upgrade_and_the_gateway_stays(
    sandbox: RunningSandbox, serving: Serving
) -> None:
    with in_the_database(sandbox, SPOIL, "DROP FUNCTION spoil CASCADE"):
        done = run(sandbox, "--to", NEXT, "--yes", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["stopped_at"], report["serving"]) == ("smoke test", versions.LITELLM), report[
        "error"
    ]
    assert "a stored credential decrypts" in report["error"]
    assert Serving.of(sandbox) == serving
    assert leftovers(sandbox) == []


def test_an_update_that_fails_after_a_good_trial_goes_back_to_what_served(
    sandbox: RunningSandbox, serving: Serving
) -> None:
    # The copy was made before, so only the migration of the database that serves meets it.
    try:
        done = run_with_fault_at(
            sandbox.ops_line("upgrade", "--to", NEXT, "--yes", "--json"),
            "keep",
            lambda: sandbox.sql(f"CREATE TABLE {OBSTACLE} (id text)"),
        )
    finally:
        sandbox.sql(f"DROP TABLE {OBSTACLE}")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert (report["stopped_at"], report["serving"]) == ("up", versions.LITELLM), report["error"]
    assert "the settings are those of before" in report["error"]
    after = Serving.of(sandbox)
    assert (after.image, after.pods) == (serving.image, serving.pods)
    assert leftovers(sandbox) == []
    assert sandbox.json("preview")["changes"] == []


def test_a_migration_that_failed_stops_later_ones_until_it_is_resolved(
    sandbox: RunningSandbox,
) -> None:
    (failed,) = [name for (name,) in sandbox.sql(UNFINISHED)]

    def resolve(name: str, how: str) -> subprocess.CompletedProcess[str]:
        return run(sandbox, name, how, "--yes", command="resolve-migration")

    other = resolve("20990101000000_not_yet", "--applied")
    assert other.returncode == 1
    assert "none that failed" in other.stderr
    assert failed in other.stderr
    assert [name for (name,) in sandbox.sql(UNFINISHED)] == [failed]
    done = resolve(failed, "--rolled-back")
    assert done.returncode == 0, done.stderr
    assert f"{failed} marked as rolled back" in done.stdout
    assert sandbox.sql(UNFINISHED) == []
    assert leftovers(sandbox) == []


@pytest.mark.parametrize("step", UPDATE if EVERY else ("up",))
def test_an_upgrade_may_be_killed_while_it_updates(sandbox: RunningSandbox, step: str) -> None:
    def new_pod() -> bool:
        return any(NEXT in pod["spec"]["containers"][0]["image"] for pod in sandbox.pods())

    reached = new_pod if step == "up" else lambda: True
    kill_at(upgrade(sandbox), step, reached)
    with FIGURES.fault(f"upgrade killed: {step}"):
        assert note_is_left(sandbox)


def test_another_upgrade_is_refused_until_this_one_is_finished(sandbox: RunningSandbox) -> None:
    done = run(sandbox, "--to", "1.109.1", "--yes")
    assert done.returncode == 3
    assert f"`ops upgrade --to {NEXT}` was begun and did not end" in done.stderr


@pytest.fixture(scope="module")
def report(sandbox: RunningSandbox) -> dict[str, Any]:
    """What the run told that went on after the last kill."""
    done = run(sandbox, "--to", NEXT, "--yes", "--json")
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]
    assert "going on with" in done.stderr
    return json.loads(done.stdout)


def test_the_next_run_finishes_the_upgrade_with_no_failed_request(
    sandbox: RunningSandbox, serving: Serving, report: dict[str, Any]
) -> None:
    assert (report["from_version"], report["to_version"]) == (versions.LITELLM, NEXT)
    assert report["requests"] > 0
    assert report["failed_requests"] == 0, report["failures"]
    assert report["checks"]
    assert [check for check in report["checks"] if not check["passed"]] == []
    after = Serving.of(sandbox)
    assert NEXT in after.image
    assert not after.pods & serving.pods
    assert int(after.migrations) > int(serving.migrations)
    assert leftovers(sandbox) == []


def test_the_proxy_says_that_it_is_the_new_version(
    sandbox: RunningSandbox, team: dict[str, str], report: dict[str, Any]
) -> None:
    answer = sandbox.complete(team["key"])
    assert answer.status_code == 200
    assert answer.headers["x-litellm-version"] == NEXT


def test_the_snapshot_of_before_is_kept(sandbox: RunningSandbox, report: dict[str, Any]) -> None:
    found = sandbox.aws("rds").describe_db_snapshots(DBSnapshotIdentifier=report["snapshot"])
    serving = sandbox.status["outputs"]["databaseIdentifier"]
    assert found["DBSnapshots"][0]["DBInstanceIdentifier"] == serving
    assert (sandbox.instance.state / "snapshots" / report["snapshot"] / "data").is_dir()


def test_after_the_upgrade_there_is_nothing_to_do(
    sandbox: RunningSandbox, report: dict[str, Any]
) -> None:
    assert sandbox.json("preview")["changes"] == []


def test_the_cluster_answers_what_the_runbook_asks_it(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    ran = Ran("tests/end_to_end/test_upgrade.py")
    asked = [one for one in commands("eks-upgrade") if one.text.startswith("kubectl ")]
    answers = RunbookShell(sandbox.instance, tmp_path, ran, {}).run(asked)
    assert all(answers)
    (metrics,) = {
        answer for command, answer in zip(asked, answers, strict=True) if "/metrics" in command.text
    }
    # No object of the program or its charts is of a version that goes away.
    going = r'^apiserver_requested_deprecated_apis\{.*removed_release="[\d.]+".*'
    assert re.findall(going, metrics, re.MULTILINE) == []
    assert ran.missing() == []


def test_nobody_noticed_any_of_it(load: Load) -> None:
    figures = {"requests": load.answered, "failed_requests": len(load.failures)}
    FIGURES.by_subject["upgrade"] = figures
    assert load.failures == []
