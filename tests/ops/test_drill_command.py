"""A drill's report, journal and checks before anything is lost, as far as that goes without one."""

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from infra.settings import Settings
from infra.supplied_secrets import ENCRYPTED
from ops.cli import main
from ops.config.rendered import settings_of
from ops.config.stack_file import read_stack_file
from ops.drill.course import recovery_settings
from ops.drill.evidence import Backup, Evidence
from ops.drill.journal import Journal, alone, directory_of
from ops.drill.losses import holds_more_than_the_drill
from ops.drill.proofs import Proof, family_name, missing_copies
from ops.drill.report import Report, Step
from ops.gateway import Account
from ops.one_at_a_time import AnotherRun
from sandbox.paths import Instance
from sandbox.second_region.copies import Copied
from sandbox.stack_files import PROJECT

SUFFIX = "0123456789abcdef0123456789"
BACKUPS = "arn:aws:rds:us-west-2:123456789012:auto-backup:ab-1"
TARGETS = {"rto_seconds": 100, "rpo_seconds": 20}


def copied(*names: str, objects: int = 3) -> Copied:
    return Copied(
        region="us-west-2",
        secrets=[{"name": name} for name in names],
        buckets=[{"source": "logs", "bucket": "copies", "objects": objects}],
        backups=[{"source": "litellm-sandbox-database-1", "arn": BACKUPS}],
    )


WHOLE = (f"litellm/sandbox/salt-key-{SUFFIX}", f"litellm/sandbox/provider-anthropic-{SUFFIX}")


@pytest.fixture
def settings() -> Settings:
    """The sandbox's, with a supplied secret as `up` adds one."""
    file = read_stack_file("sandbox")
    supplied = {f"{PROJECT}:suppliedSecrets": ENCRYPTED}
    return settings_of("sandbox", replace(file, configuration={**file.configuration, **supplied}))


def report(**changes: object) -> Report:
    passing = Report(
        proofs=[Proof(name="a proof", passed=True)],
        targets=TARGETS,
        steps=[Step(name="a step", seconds=2.5, since_loss=None)],
        rto_seconds=99.5,
        rpo_seconds=20.0,
    )
    return replace(passing, **changes)


def test_figures_at_their_targets_pass() -> None:
    assert report().passed


@pytest.mark.parametrize("figure", ["rto_seconds", "rpo_seconds"])
@pytest.mark.parametrize("value", [100.1, None])
def test_a_figure_above_its_target_or_not_taken_fails(figure: str, value: float | None) -> None:
    failed = report(**{figure: value})
    assert not failed.passed
    assert failed.missed == [figure]


def test_a_proof_that_fails_fails_the_drill_and_its_reason_is_told() -> None:
    failed = report(proofs=[Proof(name="a proof", passed=False, detail="nothing was there")])
    assert not failed.passed
    assert "FAILED  a proof: nothing was there" in click.unstyle(failed.as_text())


def test_the_report_holds_what_is_promised_of_its_json() -> None:
    found = report().as_dictionary()
    assert found["proofs"] == [{"name": "a proof", "passed": True, "detail": ""}]
    assert found["steps"] == [{"name": "a step", "seconds": 2.5, "since_loss": None}]
    assert (found["rto_seconds"], found["rpo_seconds"]) == (99.5, 20.0)
    assert found["targets"] == TARGETS
    json.dumps(found)


def test_the_text_tells_both_figures_beside_their_targets() -> None:
    text = click.unstyle(report(rpo_seconds=21.0).as_text())
    assert "RTO  99.5 s, target 100 s: kept" in text
    assert "RPO  21.0 s, target 20 s: missed" in text


def test_copies_of_everything_that_cannot_be_made_anew_are_complete(settings: Settings) -> None:
    assert missing_copies(copied(*WHOLE), settings, "litellm-sandbox-database-1").passed


@pytest.mark.parametrize(
    ("without", "database", "objects", "missing"),
    [
        (0, "litellm-sandbox-database-1", 3, "no copy of the secret salt-key"),
        (1, "litellm-sandbox-database-1", 3, "no copy of the secret provider-anthropic"),
        (None, "litellm-sandbox-database-2", 3, "no copy of a backup of litellm-sandbox-data"),
        (None, "litellm-sandbox-database-1", 0, "no copy of the log objects"),
    ],
)
def test_a_copy_that_is_missing_is_named(
    settings: Settings, without: int | None, database: str, objects: int, missing: str
) -> None:
    names = [name for index, name in enumerate(WHOLE) if index != without]
    proof = missing_copies(copied(*names, objects=objects), settings, database)
    assert not proof.passed
    assert proof.detail.startswith(missing)


def test_an_entry_is_of_the_family_whose_name_it_has_and_of_no_longer_one() -> None:
    found = copied("litellm/prod/provider-azure-ai", "litellm/prod/provider-azure")
    assert family_name(found, "provider-azure") == "litellm/prod/provider-azure"
    assert family_name(found, "provider-openai") is None


def test_the_settings_of_the_second_region_are_valid_and_take_over_what_was_copied(
    settings: Settings,
) -> None:
    changes = recovery_settings("sandbox", settings, copied(*WHOLE), BACKUPS)
    secrets = json.loads(changes["secrets"])
    assert secrets["adoptNames"] == {"salt-key": WHOLE[0], "provider-anthropic": WHOLE[1]}
    assert json.loads(changes["restore"]) == {
        "fromRegion": "us-east-1",
        "pointInTime": {"source": BACKUPS, "time": "latest"},
    }


def evidence() -> Evidence:
    return Evidence(
        model="m",
        region="us-west-2",
        alarms=["a"],
        dashboards=[""],
        grafana_dashboards=["d.json"],
        credential="c",
        credential_value="os.environ/C",
        key="sk-1",
        key_hash="h",
        requests=["r"],
        spent_key="sk-2",
        stream_key="sk-3",
        stream_key_hash="i",
        log_objects={"o": "f"},
    )


def account(alias: str) -> Account:
    return Account(alias=alias, budget=1.0, period="30d", spend=0.25)


@pytest.mark.parametrize(
    ("found", "somebodys"),
    [
        ({"key h": "drill-old-1", "team t": "drill-1", "key of-before": "laptop"}, False),
        ({"key h": "drill-old-1", "key made-since": "laptop"}, True),
        ({}, True),
    ],
    ids=["what was to be lost", "work since then", "another in its place"],
)
def test_an_interrupted_drill_does_not_take_what_somebody_has_made_since(
    tmp_path: Path, found: dict[str, str], somebodys: bool
) -> None:
    before = {"key of-before": account("laptop")}
    backup = Backup(before=before, after=before)
    journal = Journal(tmp_path, 1, evidence=evidence(), backup=backup, lost_at=5.0)
    accounts = {name: account(alias) for name, alias in found.items()}
    assert holds_more_than_the_drill(accounts, journal) is somebodys


@pytest.mark.parametrize(
    ("alias", "somebodys"), [("drill-old-1", False), ("laptop", True)], ids=["drill", "somebody"]
)
def test_a_drill_s_own_sandbox_is_somebody_s_once_they_have_a_key_in_it(
    tmp_path: Path, alias: str, somebodys: bool
) -> None:
    journal = Journal(tmp_path, 1, throw_away=True)
    assert holds_more_than_the_drill({"key k": account(alias)}, journal) is somebodys


def test_a_journal_is_read_as_it_was_written(tmp_path: Path) -> None:
    accounts = {"team t": account("search")}
    journal = Journal(
        tmp_path,
        1,
        evidence=evidence(),
        backup=Backup(before=accounts, after=accounts),
        lost_at=5.0,
        steps=[Step(name="s", seconds=1.0, since_loss=None)],
        proofs=[Proof(name="p", passed=True)],
    )
    journal.save()
    assert Journal.read(tmp_path) == journal
    assert (tmp_path / "journal.json").stat().st_mode & 0o077 == 0
    journal.close()
    assert Journal.read(tmp_path) is None


def test_two_drills_of_a_sandbox_do_not_run_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    home = Instance("twice", 9)
    running = "another drill of sandbox 'twice'"
    with alone(home), pytest.raises(AnotherRun, match=running), alone(home):
        pass
    assert not directory_of(home).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--slot", "191"], "191 is not in the range 0<=x<=190"),
        (["--slot", "190"], "slot 191 is not between 0 and 190"),
        (["--slot", "3", "--recovery-slot", "3"], "3 is the sandbox's own"),
        (["--sandbox", "a b"], "may have letters, digits and hyphens only"),
        (["--copy-age", "-1"], "-1.0 is not in the range"),
    ],
)
def test_wrong_arguments_are_refused(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["drill", *arguments])
    assert done.exit_code == 2
    assert message in done.output


def test_without_a_sandbox_a_dry_run_says_that_nobody_loses_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    done = CliRunner().invoke(main, ["drill", "--dry-run", "--sandbox", "none", "--slot", "9"])
    assert done.exit_code == 0, done.output
    assert "Nothing that anyone made is lost." in done.output
    assert list(tmp_path.iterdir()) == []
