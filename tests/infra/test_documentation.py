"""The README, the project file and the documents say what is there."""

import re
import tomllib
from pathlib import Path

import click
import pytest
import yaml
from recorded_program import ROOT

from infra.reference import README, rows, with_reference
from infra.setting_rules import SUPPLIED_SECRETS_KEY
from infra.settings import Settings
from sandbox.cli import main

DOCUMENTS = [README, *sorted(ROOT.glob("docs/**/*.md")), ROOT / "CONTRIBUTING.md"]


def test_the_reference_in_the_readme_is_current() -> None:
    assert with_reference(README.read_text()) == README.read_text()


def test_every_setting_has_a_description() -> None:
    assert [key for key, _, description in rows(Settings) if not description] == []


def test_the_project_file_describes_exactly_the_settings_that_exist() -> None:
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    assert set(described) == known | {SUPPLIED_SECRETS_KEY}
    assert all(entry["description"] for entry in described.values())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_sandbox_command_that_is_told_exists(document: Path) -> None:
    assert isinstance(main, click.Group)
    told = re.findall(r"uv run sandbox((?: --\w+ \w+)*) ([a-z-]+)", document.read_text())
    assert {command for _, command in told} <= set(main.commands)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_told_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = re.findall(r"(?:^    |`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert set(told) <= targets


def test_continuous_integration_calls_the_test_command_of_the_readme() -> None:
    assert "make test" in README.read_text()
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_versions_of_the_program_are_the_locked_ones() -> None:
    from infra import versions

    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (locked,) = {package["version"] for package in packages if package["name"] == "litellm"}
    assert locked == versions.LITELLM


def test_no_module_is_longer_than_it_should_be() -> None:
    program = ROOT / "infra" / "__main__.py"
    assert len(program.read_text().splitlines()) < 100
