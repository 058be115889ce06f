"""Completion, as a shell asks for it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.cli import main
from sandbox.paths import PROJECT_ROOT


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a command ``ops`` that runs this checkout."""
    command = tmp_path / "ops"
    command.write_text(
        f"#!/bin/sh\ncd {PROJECT_ROOT} && exec {sys.executable} -c "
        '\'from ops.cli import main; main(prog_name="ops")\' "$@"\n'
    )
    command.chmod(0o755)
    return tmp_path


def completed(program: Path, *words: str) -> list[str]:
    """Return what bash offers for the last word."""
    script = (
        'eval "$(ops completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
        '_ops_completion ops; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script, "bash", *words],
        env={**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ops", "conf"), ["config"]),
        (("ops", "config", "ren"), ["render"]),
        (("ops", "config", "check", "--with"), ["--without-litellm"]),
        (("ops", "config", "check", "--stack", "pr"), ["prod", "prod-dr"]),
        (("ops", "cost", "--stack", "d"), ["dev"]),
    ],
)
def test_bash_completes(words: tuple[str, ...], offered: list[str], program: Path) -> None:
    assert completed(program, *words) == offered


@pytest.mark.parametrize(
    ("shell", "marks"),
    [("bash", "complete -o"), ("zsh", "#compdef ops"), ("fish", "complete --no")],
)
def test_every_shell_gets_a_script_of_its_own(shell: str, marks: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0
    assert marks in result.stdout
    assert "_OPS_COMPLETE" in result.stdout


def test_a_shell_that_nobody_knows_is_called_wrongly() -> None:
    result = CliRunner().invoke(main, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr
