"""The report as a whole: preview to comment, exit codes, and no secret in any of it."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from settled_stacks import LEFT_OUT, MODELS, PLANTED, SUPPLIED_KEY, Settled

from ops.cli import main
from ops.preview_report.layers import _MODULES
from sandbox.paths import PROJECT_ROOT

SAMPLE = PROJECT_ROOT / "docs" / "sample-preview-comment.md"
PREFIX = "litellm-gateway:"
NEXT_KEY = SUPPLIED_KEY.replace("planted", "the-next")
# Modules whose components belong to the layer of their parent.
SHARED = {"private-bucket"}


def call(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["preview-report", *arguments], input=text)


def report_of(text: str, *arguments: str) -> Result:
    return call("--stack", "dev", "--events", "-", "--without-cost", *arguments, text=text)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of another commit: a larger dev, with a second region and a key in clear."""
    base = tmp_path_factory.mktemp("base") / "checkout"
    shutil.copytree(PROJECT_ROOT, base, ignore=LEFT_OUT)
    file = base / "Pulumi.dev.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"] |= {
        f"{PREFIX}disasterRecovery": {"region": "us-west-2"},
        f"{PREFIX}models": MODELS,
        f"{PREFIX}suppliedSecrets": {"anthropic": {"1": {"apiKey": SUPPLIED_KEY}}},
        f"{PREFIX}database": {"instanceClass": "db.t4g.small"},
    }
    content["config"][f"{PREFIX}limits"]["total"]["budgetUsd"] = 400
    file.write_text(yaml.safe_dump(content))
    return base


@pytest.fixture(scope="module")
def without_account(earlier: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The report of this checkout against the other, of which only the files are there."""
    file = tmp_path_factory.mktemp("report") / "comment.md"
    done = call(
        *["--stack", "dev", "--base-directory", str(earlier), "--output", str(file), "--json"]
    )
    assert done.exit_code in (0, 3), done.stderr
    yield done, json.loads(done.stdout), file.read_text()


def test_a_change_is_previewed_with_no_account_and_needs_a_person(without_account: Any) -> None:
    done, found, _ = without_account
    assert done.exit_code == 3
    assert found["verdict"] == "approval"
    assert {one["resource"] for one in found["dangers"] if one["kind"] == "loss"} >= {
        "Bucket log-copies",
        "Key copies",
        "Secret provider-anthropic",
    }


def test_the_cost_is_told_before_and_after(without_account: Any) -> None:
    cost = without_account[1]["cost"]
    assert cost["before"] > cost["after"] > 0
    assert cost["delta"] == pytest.approx(cost["after"] - cost["before"])
    assert "Instance database-1" in {line["resource"] for line in cost["lines"]}


def test_capacity_is_told_before_and_after(without_account: Any) -> None:
    capacity = without_account[1]["capacity"]
    connections = {
        side: next(one for one in capacity[side] if one["what"] == "database connections")
        for side in ("before", "rooms")
    }
    assert connections["before"]["offered"] > connections["rooms"]["offered"]
    assert capacity["problems"] == []


def test_policies_are_told(without_account: Any) -> None:
    policies = without_account[1]["policies"]
    assert policies["packs"] == ["litellm-gateway"]
    assert policies["violations"] == []


def test_the_configuration_of_litellm_is_compared(without_account: Any) -> None:
    lines = without_account[1]["config"]["lines"]
    assert any(line.startswith("-") and "direct" in line for line in lines)


def test_models_and_budgets_that_change_are_told(without_account: Any) -> None:
    changes = {one["key"]: one for one in without_account[1]["settings"]["changes"]}
    assert (changes["limits.total.budgetUsd"]["old"], changes["limits.total.budgetUsd"]["new"]) == (
        "400",
        "100",
    )
    assert changes["models.direct"]["subject"] == "Models"
    assert changes["models.direct"]["new"] == "[not set]"


def test_the_comment_begins_with_its_marker_and_tells_dangers_first(without_account: Any) -> None:
    text = without_account[2]
    assert text.startswith("<!-- litellm-gateway: preview of dev -->\n")
    order = [
        "a person must approve",
        "### Dangerous",
        "### Changes by layer",
        "### Models, teams, budgets and limits",
        "### Cost a month",
        "### Capacity",
        "### Policies",
        "### LiteLLM's configuration",
    ]
    places = [text.index(title) for title in order]
    assert places == sorted(places)


def test_the_sample_in_the_documentation_is_what_the_report_looks_like(
    without_account: Any,
) -> None:
    """``UPDATE_GOLDEN=1`` writes it anew."""
    # What the engine puts behind a prefix is another in every run.
    text = re.sub(r"(?<=-)[0-9a-f]{26}\b", "0a1b2c3d", without_account[2])
    if os.environ.get("UPDATE_GOLDEN"):
        SAMPLE.write_text(text)
    assert text == SAMPLE.read_text()


def test_no_planted_secret_is_in_a_report_of_a_whole_preview(without_account: Any) -> None:
    done, _, text = without_account
    for secret in PLANTED:
        assert secret not in text
        assert secret not in done.output


def test_no_secret_of_config_or_outputs_is_in_a_report(small: Settled) -> None:
    keys = {"1": {"apiKey": SUPPLIED_KEY}, "2": {"apiKey": NEXT_KEY}}
    text = small.text(
        {
            "rotation.providers": {"anthropic": 2},
            "rotation.masterKey": 2,
            "suppliedSecrets": {"anthropic": keys},
        }
    )
    for arguments in ([], ["--json"]):
        done = report_of(text, *arguments)
        assert done.exit_code == 0, done.stderr
        assert "provider-anthropic-2" in done.stdout
        for secret in (*PLANTED, NEXT_KEY):
            assert secret not in done.output


def test_the_document_of_a_preview_is_taken_from_standard_input(small: Settled) -> None:
    text = small.text({"disasterRecovery": {}}, form="digest")
    done = call("--stack", "dev", "--preview", "-", "--without-cost", text=text)
    assert done.exit_code == 3
    assert "Bucket log-copies" in done.stdout
    assert "`pulumi preview --json` leaves them out" in done.stdout


def test_a_raised_generation_only_creates_and_its_rights_are_judged_by_both_checkouts(
    small: Settled, earlier: Path
) -> None:
    text = small.text({"database.generation": 3, "database.retiredGenerations": [1, 2]})
    alone = json.loads(report_of(text, "--json").stdout)
    assert {one["kind"] for one in alone["dangers"]} == {"unjudged"}
    assert alone["counts"].keys() <= {"create", "update", "replace", "delete"}
    both = report_of(text, "--json", "--base-directory", str(earlier))
    assert json.loads(both.stdout)["dangers"] == []
    assert both.exit_code == 0


def test_a_forbidden_update_ends_with_1_and_names_the_policy(small: Settled) -> None:
    done = report_of(small.text({"database.backupRetentionDays": 1}, policies=True))
    assert done.exit_code == 1
    assert "forbidden by policy" in done.stdout
    assert "`16-database-durability`" in done.stdout


def test_a_harmless_change_ends_with_0(small: Settled) -> None:
    done = report_of(small.text({"limits.total.budgetUsd": 150}))
    assert done.exit_code == 0
    assert "nothing dangerous" in done.stdout


def test_a_waiver_that_is_added_is_dangerous(small: Settled, earlier: Path) -> None:
    before = earlier.parent / "fewer-waivers"
    shutil.copytree(earlier, before)
    file = before / "policy" / "waivers.yaml"
    waivers = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(waivers[1:]))
    done = report_of(small.text({}), "--json", "--base-directory", str(before))
    (found,) = json.loads(done.stdout)["dangers"]
    assert found["kind"] == "policy"
    assert "would be waived" in found["text"]
    assert done.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stack", "staging", "--events", "-"], "there is no stack 'staging'; stacks are dev"),
        (["--stack", "dev"], "give a preview with --events or --preview, or a commit"),
        (
            ["--stack", "dev", "--base", "HEAD", "--base-directory", "."],
            "give --base or --base-directory, not both",
        ),
        (["--stack", "dev", "--base", "no-such-commit"], "'no-such-commit' is no commit"),
        (["--stack", "dev", "--events", "no-such-file"], "'no-such-file' does not exist"),
        (["--stack", "dev", "--events", "-", "--limit", "10"], "--limit"),
    ],
)
def test_a_wrong_call_ends_with_2_and_the_way_out(arguments: list[str], said: str) -> None:
    done = call(*arguments, text="")
    assert done.exit_code == 2
    assert said in " ".join(re.sub(r"[│╭╰─]", " ", done.stderr).split())


def test_a_file_that_is_no_preview_ends_with_1(tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text("Previewing update (dev)\n")
    done = call("--stack", "dev", "--events", str(file), "--without-cost")
    assert done.exit_code == 1
    assert "events.json, line 1: not JSON" in done.stderr


def test_every_component_of_the_program_has_a_layer() -> None:
    tokens = {
        module
        for file in (PROJECT_ROOT / "infra").rglob("*.py")
        for module in re.findall(r'"litellm:([a-z-]+):', file.read_text())
    }
    assert tokens - _MODULES.keys() == SHARED
    assert _MODULES.keys() <= tokens
