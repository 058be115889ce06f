"""A region is lost on purpose: what its copies lack, a drill that is killed twice, and its proofs.

Has two sandboxes of its own, one for each region.
"""

import contextlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from command_steps import kill_at
from figures import FIGURES
from runbook_shell import run_in_bash
from runbooks import PAGES, Command, Ran, commands
from running_sandbox import RunningSandbox

from ops.deployments.sandboxed import SandboxDeployment
from ops.drill.evidence import Backup
from ops.drill.journal import Journal, directory_of
from ops.drill.proofs import COMES_UP, COPIES_ARE_COMPLETE, Recovered, prove
from ops.gateway import Gateway
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.second_region.copies import Copied
from sandbox.second_region.loss import lose

HOME, RECOVERY = Instance("drill", 152), Instance("drill-recovery", 153)
SECOND_REGION = "us-west-2"
COMMAND = [
    *(sys.executable, "-m", "ops.cli", "drill"),
    *("--sandbox", HOME.name, "--slot", str(HOME.slot)),
]
PROOFS = [
    COPIES_ARE_COMPLETE,
    COMES_UP,
    "an old virtual key works",
    "budgets and spend are those of the backup",
    "a key past its budget is still refused",
    "a stored credential decrypts",
    "old logs are readable",
    "alarms are there",
    "dashboards are there",
]


def drill(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def processes_of(instance: Instance) -> list[str]:
    """Return the commands that name a sandbox's state or its addresses."""
    found = []
    marks = (f"{instance.state}/", f"{instance.network}.", f"--name {instance.name} ")
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            if any(mark in command for mark in marks):
                found.append(command)
    return found


@pytest.fixture(scope="module")
def home() -> Iterator[RunningSandbox]:
    running = RunningSandbox(HOME)
    shutil.rmtree(directory_of(HOME), ignore_errors=True)
    for instance in (HOME, RECOVERY):
        lose(instance)
    try:
        running.command("up")
        yield running
    finally:
        for instance in (HOME, RECOVERY):
            lose(instance)


MODULE = "tests/end_to_end/test_drill.py"
RAN = Ran(MODULE)


def commands_of(step: str) -> list[Command]:
    """Return what the runbook has people type at the gateway in one of its steps."""
    part = PAGES["drill"].read_text().partition(f"**{step}")[2].partition("\n**")[0]
    known = {command.text: command for command in commands("drill", "On AWS")}
    lines = [" ".join(line.split()) for line in part.splitlines() if line.startswith("    ")]
    return [known[line] for line in lines if known[line].module == MODULE]


def type_at(sandbox: RunningSandbox, folder: Path, command: Command, typed: str = "") -> str:
    """Run a line of the runbook, with what is typed when it asks, and return its output."""
    environment = {"GATEWAY": sandbox.url}
    (printed,) = run_in_bash([command], folder, environment, RAN, [typed])
    return printed


@pytest.fixture(scope="module")
def runbook(home: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Follow the runbook's first step at the gateway; the folder has the headers."""
    folder = tmp_path_factory.mktemp("runbook")
    typed = home.command("master-key").stdout.strip()
    for command in commands_of("1. Before"):
        told = type_at(home, folder, command, typed)
        if "/key/generate" in command.text:
            typed = json.loads(told)["key"]
    return folder


@pytest.fixture(scope="module")
def user(home: RunningSandbox) -> dict[str, str]:
    """Somebody who works in the sandbox: a key with a budget, and what it has spent."""
    with home.admin() as admin:
        made = admin.post("/key/generate", json={"max_budget": 7, "key_alias": "somebody"}).json()
    assert home.complete(made["key"]).status_code == httpx.codes.OK
    return {"key": made["key"], "hash": made["token"]}


def test_a_dry_run_tells_what_would_be_lost_and_loses_nothing(
    home: RunningSandbox, user: dict[str, str]
) -> None:
    done = drill("--dry-run")
    assert done.returncode == 0
    assert "kill -9 of every process" in done.stdout
    assert "Sandbox 'drill' in slot 152 is lost" in done.stdout
    assert home.complete(user["key"]).status_code == httpx.codes.OK


def test_a_running_sandbox_is_not_lost_where_nobody_can_be_asked(
    home: RunningSandbox, user: dict[str, str]
) -> None:
    done = drill()
    assert done.returncode == 2
    assert "1 virtual keys and their spend" in done.stderr
    assert "give --yes" in done.stderr
    assert home.complete(user["key"]).status_code == httpx.codes.OK


def test_a_salt_key_without_a_replica_fails_the_drill_and_nothing_is_lost(
    home: RunningSandbox, user: dict[str, str]
) -> None:
    manager = home.aws("secretsmanager")
    name = home.status["outputs"]["secretNames"]["salt-key"]
    manager.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[SECOND_REGION])
    done = drill("--yes", "--json")
    manager.replicate_secret_to_regions(
        SecretId=name, AddReplicaRegions=[{"Region": SECOND_REGION}]
    )
    found = json.loads(done.stdout)
    assert done.returncode == 3, done.stderr
    assert found["proofs"] == [
        {
            "name": COPIES_ARE_COMPLETE,
            "passed": False,
            "detail": "no copy of the secret salt-key",
        }
    ]
    assert (found["rto_seconds"], found["rpo_seconds"], found["passed"]) == (None, None, False)
    assert home.complete(user["key"]).status_code == httpx.codes.OK
    assert processes_of(RECOVERY) == []


@dataclass
class Drilled:
    """A drill that was killed before the loss, and after it, and then came to its end."""

    second: str
    third: str
    code: int
    result: dict[str, Any]
    journal: Journal
    copied: Copied
    left_of_home: list[str]

    @cached_property
    def recovered(self) -> Recovered:
        """The second region's stack as the drill's proofs look at it."""
        evidence, backup, _ = self.journal.of_the_lost()
        deployment = SandboxDeployment(RECOVERY)
        return Recovered(
            deployment=deployment,
            gateway=Gateway.of(deployment),
            accounts=backup.before,
            evidence=evidence,
            backup=backup,
            copied=self.copied,
        )


@pytest.fixture(scope="module")
def drilled(home: RunningSandbox, user: dict[str, str], runbook: Path) -> Drilled:
    confirmed = [*COMMAND, "--yes"]
    kill_at(confirmed, "backup, log objects and secrets are copied there")
    second = kill_at(confirmed, "the stack comes up from code, with the restored database")
    left = processes_of(HOME)
    journal = Journal.read(directory_of(HOME))
    assert journal
    copied = journal.copies.taken()
    with FIGURES.fault("region lost, and the drill killed before and after"):
        third = drill("--json")
        assert third.stdout, third.stderr
        result = json.loads(third.stdout)
        assert result["passed"] is True, result["proofs"]
    FIGURES.by_subject["drill"] = {name: result[name] for name in ("rto_seconds", "rpo_seconds")}
    return Drilled(second, third.stderr, third.returncode, result, journal, copied, left)


def test_a_drill_that_was_killed_before_the_loss_starts_afresh(drilled: Drilled) -> None:
    assert "interrupted before the region was lost; starting afresh" in drilled.second


def test_a_drill_that_was_killed_after_the_loss_goes_on_with_its_copies(drilled: Drilled) -> None:
    assert "interrupted after the region was lost; going on with its copies" in drilled.third
    assert drilled.result["resumed"] is True


def test_nothing_of_the_lost_region_is_left(drilled: Drilled) -> None:
    assert drilled.left_of_home == []
    assert {entry.name for entry in HOME.state.iterdir()} == {"command.lock"}


def test_the_drill_passes(drilled: Drilled) -> None:
    assert drilled.result["passed"] is True
    assert drilled.code == 0


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_holds(drilled: Drilled, name: str) -> None:
    (proof,) = [one for one in drilled.result["proofs"] if one["name"] == name]
    assert proof == {"name": name, "passed": True, "detail": ""}


def test_the_figures_are_measured_and_held_against_the_targets(drilled: Drilled) -> None:
    result = drilled.result
    assert result["targets"] == {"rto_seconds": 240 * 60, "rpo_seconds": 30 * 60}
    since = [step["since_loss"] for step in result["steps"]]
    assert 0 < result["rto_seconds"] <= max(one for one in since if one)
    # Rows older than the copy survive, younger ones do not.
    assert result["rpo_seconds"] > 0
    assert 0 < result["requests"]["survived"] < result["requests"]["answered"]


def test_the_steps_are_told_in_their_order(drilled: Drilled) -> None:
    names = [step["name"] for step in drilled.result["steps"]]
    assert names == [
        "evidence is planted: team, keys, requests, a credential",
        "a second region is there, with nothing in it",
        "backup, log objects and secrets are copied there",
        "the region is lost",
        "the rest of the region is lost",
        "the second region starts anew, with the copies",
        "the stack comes up from code, with the restored database",
        "the first request with an old virtual key is answered",
        "proofs",
    ]


def test_somebody_s_own_key_works_in_the_second_region(
    drilled: Drilled, user: dict[str, str]
) -> None:
    answer = RunningSandbox(RECOVERY).complete(user["key"])
    assert answer.status_code == httpx.codes.OK
    assert drilled.recovered.gateway.accounts()[f"key {user['hash']}"].budget == 7


def test_the_stack_of_the_second_region_has_its_own_name_and_region(drilled: Drilled) -> None:
    status = RunningSandbox(RECOVERY).json("status")
    assert status["stack"] == "sandbox-dr"
    assert re.search(rf"sandbox-dr-logs-\d+-{SECOND_REGION}", status["outputs"]["logBucket"])


def test_no_key_of_anyone_is_told_or_left_behind(drilled: Drilled) -> None:
    evidence, _, _ = drilled.journal.of_the_lost()
    text = drilled.second + drilled.third + json.dumps(drilled.result)
    assert not any(key in text for key in (evidence.key, evidence.spent_key, evidence.stream_key))
    assert not directory_of(HOME).exists()


def test_the_proofs_of_the_runbook_show_what_it_says(drilled: Drilled, runbook: Path) -> None:
    recovery = RunningSandbox(RECOVERY)
    (prepare, *_) = commands_of("1. Before")
    type_at(recovery, runbook, prepare, recovery.command("master-key").stdout.strip())
    answer, key, credential = (
        json.loads(type_at(recovery, runbook, command)) for command in commands_of("4. Proofs")
    )
    assert answer["choices"]
    assert [(one["max_budget"], one["spend"] > 0) for one in key["keys"]] == [(1, True)]
    assert "os.environ/QUARTERLY_DRILL could not be read" in json.dumps(credential)


def test_the_last_step_of_the_runbook_cleans_up(drilled: Drilled, runbook: Path) -> None:
    recovery = RunningSandbox(RECOVERY)
    master_key = recovery.command("master-key").stdout.strip()
    for command in commands_of("5. After"):
        type_at(recovery, runbook, command, master_key)
    assert "quarterly-drill" not in str(drilled.recovered.gateway.accounts())
    gone = drilled.recovered.gateway.ask("GET", "/credentials/quarterly-drill/jwks")
    assert gone.status_code == httpx.codes.NOT_FOUND


def test_every_command_of_the_runbook_that_is_said_to_be_run_here_was(
    drilled: Drilled, runbook: Path
) -> None:
    assert RAN.missing() == []


def _another_salt(recovered: Recovered) -> None:
    RunningSandbox(RECOVERY).sql(
        'UPDATE "LiteLLM_CredentialsTable" SET credential_values = '
        "jsonb_set(credential_values, '{anthropic_identity_source}', '\"bm90IGl0\"')"
    )


def _a_lost_log_object(recovered: Recovered) -> None:
    s3 = recovered.deployment.aws("s3", SECOND_REGION)
    (bucket,) = recovered.copied.buckets
    s3.delete_object(Bucket=bucket["bucket"], Key=next(iter(recovered.evidence.log_objects)))


def _a_lost_alarm(recovered: Recovered) -> None:
    cloudwatch = recovered.deployment.aws("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=[f"litellm-sandbox-dr-{recovered.evidence.alarms[0]}"])


def _a_lost_dashboard(recovered: Recovered) -> None:
    recovered.deployment.kubernetes().delete(
        "/api/v1/namespaces/litellm/configmaps/dashboard-team-view"
    )


def _a_raised_budget(recovered: Recovered) -> None:
    recovered.gateway.post("/key/update", {"key": recovered.evidence.spent_key, "max_budget": 10})


def _a_lost_key(recovered: Recovered) -> None:
    recovered.gateway.post("/key/delete", {"keys": [recovered.evidence.key]})


@pytest.mark.parametrize(
    ("sabotage", "name", "detail"),
    [
        (_another_salt, "a stored credential decrypts", "cannot read the credential"),
        (_a_lost_log_object, "old logs are readable", "NoSuchKey"),
        (_a_lost_alarm, "alarms are there", "no "),
        (_a_lost_dashboard, "dashboards are there", "no team-view.json"),
        (_a_raised_budget, "a key past its budget is still refused", "answered 200"),
        (_a_lost_key, "an old virtual key works", "answered 401"),
    ],
)
def test_what_was_not_brought_back_fails_its_proof(
    drilled: Drilled, sabotage: Callable[[Recovered], None], name: str, detail: str
) -> None:
    recovered = drilled.recovered
    assert {proof.name: proof.passed for proof in prove(recovered)}[name]
    sabotage(recovered)
    (failed,) = [proof for proof in prove(recovered) if proof.name == name]
    assert not failed.passed
    assert detail in failed.detail


def test_another_budget_than_that_of_the_backup_fails_its_proof(drilled: Drilled) -> None:
    gateway = drilled.recovered.gateway
    now = gateway.accounts()
    # Of this drill, or of the one that was killed before.
    team = next(name for name, one in now.items() if one.budget == 50)
    gateway.post("/team/update", {"team_id": team.split()[1], "max_budget": 51})
    backup = Backup(before=now, after=now)
    found = replace(drilled.recovered, backup=backup, accounts=gateway.accounts())
    (failed,) = [proof for proof in prove(found) if proof.name == PROOFS[3]]
    assert failed.detail == f"{team} has another budget"
