"""What a sandbox's engine keeps of its stack, and how it tells what it cannot read."""

from pathlib import Path

import pytest
import yaml

from sandbox import toolchain
from sandbox.engine import Engine, EngineSettings
from sandbox.stack_operations import EngineError
from sandbox.stored_state import checkpoint_file


def engine(directory: Path) -> Engine:
    return Engine(
        EngineSettings(
            pulumi=toolchain.ensure(["pulumi"])["pulumi"],
            directory=directory,
            debug_providers="",
            stack="sandbox",
        )
    )


def test_no_file_of_the_state_is_written_in_place(tmp_path: Path) -> None:
    """A run that is killed while it writes one would leave a stack that cannot be read."""
    engine(tmp_path)
    assert checkpoint_file(tmp_path, "sandbox").is_file()
    assert list((tmp_path / "state").rglob("*.attrs")) == []


def test_a_state_that_cannot_be_read_is_told_in_the_engines_words(tmp_path: Path) -> None:
    engine(tmp_path)
    checkpoint = checkpoint_file(tmp_path, "sandbox")
    checkpoint.with_name(f"{checkpoint.name}.attrs").write_text("")
    with pytest.raises(EngineError, match="failed to load checkpoint"):
        engine(tmp_path)


def test_a_supplied_value_stays_unless_it_is_to_be_overwritten(tmp_path: Path) -> None:
    path = "litellm-gateway:suppliedSecrets.providers/anthropic.apiKey"
    made = engine(tmp_path)

    def supplied(value: str, *, overwrite: bool) -> object:
        made.supply_secret(path, value, overwrite=overwrite)
        config = yaml.safe_load(made.stack_file.read_text())["config"]
        return config["litellm-gateway:suppliedSecrets"]["providers/anthropic"]["apiKey"]

    first = supplied("first-value", overwrite=False)
    assert supplied("second-value", overwrite=False) == first
    assert supplied("second-value", overwrite=True) != first
    assert "-value" not in made.stack_file.read_text()
    assert engine(tmp_path).stack_file.read_text() == made.stack_file.read_text()


def test_a_stack_file_is_not_written_in_place(tmp_path: Path) -> None:
    """A command that is killed while it writes one would lose the salt of all that is encrypted."""
    made = engine(tmp_path)
    before = made.stack_file.stat().st_ino
    made.supply_secret("litellm-gateway:suppliedSecrets.a.b", "value", overwrite=True)
    assert made.stack_file.stat().st_ino != before


def test_a_first_run_that_was_killed_while_the_engine_wrote_the_stack_file_is_run_again(
    tmp_path: Path,
) -> None:
    engine(tmp_path).stack_file.write_text("")
    made = engine(tmp_path)
    made.supply_secret("litellm-gateway:suppliedSecrets.a.b", "value", overwrite=False)
    assert "encryptionsalt" in yaml.safe_load(made.stack_file.read_text())
