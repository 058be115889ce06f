"""Whose code judges a change, and that a change of what judges is told."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from settled_stacks import LEFT_OUT, Settled

from ops.cli import main
from ops.preview_report.checkout import Checkout
from ops.preview_report.judges import changed_judges
from sandbox.paths import PROJECT_ROOT


def checkout(directory: Path, **files: str) -> Path:
    texts = {"policy/pack.py": "rules", "policy/waivers.yaml": "none", "ops/cost/free.py": "free"}
    for name, text in (texts | files).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("policy/pack.py", "policy"),
        ("policy/controls/new.py", "policy"),
        (".github/workflows/preview.yml", ".github"),
        ("ops/preview_report/iam.py", "ops/preview_report"),
        ("ops/pipeline/gate.py", "ops/pipeline"),
    ],
)
def test_a_change_of_what_judges_is_dangerous(name: str, folder: str, tmp_path: Path) -> None:
    before = checkout(tmp_path / "before")
    after = checkout(tmp_path / "after", **{name: "other"})
    for old, new in ((before, after), (after, before)):
        (found,) = changed_judges(old, new)
        assert (found.kind.name, found.resource) == ("JUDGES", folder)
        assert f"`{name}` would change" in found.text


@pytest.mark.parametrize(
    "name", ["ops/cost/free.py", "policy/waivers.yaml", "policy/__pycache__/pack.pyc"]
)
def test_a_change_of_anything_else_is_not(name: str, tmp_path: Path) -> None:
    before = checkout(tmp_path / "before")
    after = checkout(tmp_path / "after", **{name: "other"})
    assert list(changed_judges(before, after)) == []


def test_a_checkout_is_asked_with_the_packages_that_are_installed_in_it(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "{\\"own\\": [\\"$*\\"]}"\n')
    python.chmod(0o755)
    assert Checkout(tmp_path).made("dev") == {"own": ["-m ops.preview_report.made --stack dev"]}


def report(*arguments: str, text: str = "") -> Result:
    return CliRunner().invoke(main, ["preview-report", *arguments], input=text)


def test_the_change_may_be_another_checkout_than_the_one_that_judges(
    small: Settled, tmp_path: Path
) -> None:
    change, outputs = tmp_path / "change", tmp_path / "outputs"
    shutil.copytree(PROJECT_ROOT, change, ignore=LEFT_OUT)
    (change / "policy" / "pack.py").write_text("broken")
    file = change / "Pulumi.staging.yaml"
    content = yaml.safe_load((change / "Pulumi.dev.yaml").read_text())
    content["config"]["litellm-gateway:limits"]["total"]["budgetUsd"] = 400
    file.write_text(yaml.safe_dump(content))
    done = report(
        *("--stack", "staging", "--events", "-", "--without-cost", "--json"),
        *("--change-directory", str(change), "--base-directory", str(PROJECT_ROOT)),
        *("--github-output", str(outputs)),
        text=small.text({}),
    )
    found = json.loads(done.stdout)
    assert {one["resource"] for one in found["dangers"]} == {"policy"}
    changes = {one["key"]: one["new"] for one in found["settings"]["changes"]}
    assert changes["limits.total.budgetUsd"] == "400"
    assert outputs.read_text() == "verdict=approval\n"


def test_without_a_preview_another_checkout_cannot_be_judged(tmp_path: Path) -> None:
    shutil.copy(PROJECT_ROOT / "Pulumi.dev.yaml", tmp_path)
    done = report("--stack", "dev", "--base", "HEAD", "--change-directory", str(tmp_path))
    assert done.exit_code == 2
    assert "--change-directory with --events or --preview" in " ".join(done.stderr.split())
