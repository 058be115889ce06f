"""``ops config check`` and ``render``: what a user sees, and how it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from infra.supplied_secrets import ENCRYPTED
from ops.cli import main
from ops.config.rendered import render, settings_of
from ops.config.stack_file import StackFile, read_stack_file
from sandbox.paths import PROJECT_ROOT

GOLDEN = PROJECT_ROOT / "tests" / "golden"
PROD = GOLDEN / "prod" / "litellm_config.yaml"
CIPHERTEXT = {"secure": "v1:3f2a:c2VjcmV0"}


def ops(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["config", *map(str, arguments)])


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A configuration with a misspelt key and a master key in clear."""
    text = PROD.read_text().replace("drop_params", "dorp_params")
    file = tmp_path / "config.yaml"
    file.write_text(text.replace("os.environ/LITELLM_MASTER_KEY", "sk-in-clear-0123456789"))
    return file


def stack_file(directory: Path, changes: Mapping[str, object]) -> StackFile:
    """Read a stack's file that is dev's, with other values at some keys."""
    content = yaml.safe_load((PROJECT_ROOT / "Pulumi.dev.yaml").read_text())
    content["config"] |= changes
    (directory / "Pulumi.changed.yaml").write_text(yaml.safe_dump(content))
    return read_stack_file("changed", directory)


def with_anthropic() -> dict[str, object]:
    deployments = [{"model": "claude-haiku-4-5-20251001"}]
    model = {"name": "a", "tier": "$", "provider": "anthropic", "deployments": deployments}
    return {"litellm-gateway:models": [model]}


def test_a_stack_renders_what_an_update_would_put_into_the_cluster() -> None:
    result = ops("render", "--stack", "dev")
    assert result.exit_code == 0
    assert result.stdout == (GOLDEN / "dev" / "litellm_config.yaml").read_text()


def test_a_delivered_stack_is_valid_for_litellm_too() -> None:
    result = ops("check", "--stack", "prod", "--json")
    answer = json.loads(result.stdout)
    assert answer["problems"] == []
    assert (result.exit_code, answer["valid"], answer["deployments"]) == (0, True, 3)
    assert answer["litellm"] == {"version": "1.106.2", "not_asked": None}


def test_leaving_litellm_out_is_said() -> None:
    result = ops("check", "--file", PROD, "--without-litellm")
    assert result.exit_code == 0
    assert "LiteLLM itself was not asked: --without-litellm" in result.stdout
    assert "valid" not in result.stdout


def test_a_wrong_file_is_told_by_its_keys(wrong: Path) -> None:
    result = ops("check", "--file", wrong, "--without-litellm")
    assert result.exit_code == 1
    assert (
        "config: litellm_settings.dorp_params: unknown key; did you mean drop_params?"
        in result.stdout
    )
    assert "config: general_settings.master_key: a secret stands here in clear" in result.stdout
    assert "2 problems" in result.stdout


def test_a_secret_is_repeated_by_no_part(wrong: Path) -> None:
    result = ops("check", "--file", wrong)
    assert result.exit_code == 1
    assert "sk-in-clear" not in result.output


def test_what_is_no_terminal_gets_no_colours(wrong: Path) -> None:
    assert "\x1b" not in ops("check", "--file", wrong, "--without-litellm").output


def test_programs_get_key_and_message_apart(wrong: Path) -> None:
    result = ops("check", "--file", wrong, "--without-litellm", "--json")
    problems = json.loads(result.stdout)["problems"]
    assert problems[0] == {
        "part": "config",
        "key": "litellm_settings.dorp_params",
        "message": "unknown key; did you mean drop_params?",
    }


def test_a_file_is_held_against_the_pods_of_a_stack(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(PROD.read_text().replace("os.environ/REDIS_HOST", "os.environ/REDIS_HOSTT"))
    alone = ops("check", "--file", file, "--without-litellm")
    assert "is not known without --stack" in alone.stdout
    assert alone.exit_code == 0
    with_stack = ops("check", "--file", file, "--stack", "prod", "--without-litellm")
    assert with_stack.exit_code == 1
    assert "the pods have no variable REDIS_HOSTT; did you mean REDIS_HOST?" in with_stack.stdout


def test_a_file_that_is_no_mapping_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("- a\n- b\n")
    result = ops("check", "--file", file)
    assert (result.exit_code, "it is not a mapping" in result.stdout) == (1, True)


def test_it_wants_a_stack_or_a_file() -> None:
    result = ops("check")
    assert (result.exit_code, "give --stack NAME, --file PATH" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["check", "render"])
def test_a_stack_without_a_file_is_called_wrongly(command: str) -> None:
    result = ops(command, "--stack", "prd")
    assert (result.exit_code, "did you mean prod?" in result.stderr) == (2, True)


def test_litellm_that_cannot_be_asked_is_no_verdict(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no way to the index >&2\nexit 2\n")
    uv.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-m", "ops.cli", "config", "check", "--file", PROD],
        env={**os.environ, "UV": str(uv), "SANDBOX_CACHE": str(tmp_path / "cache")},
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "LiteLLM itself was not asked: " in done.stdout
    assert "no way to the index" in done.stdout


def test_an_encrypted_secret_counts_as_supplied(tmp_path: Path) -> None:
    supplied = {"anthropic": {"1": {"apiKey": CIPHERTEXT}}}
    file = stack_file(tmp_path, {**with_anthropic(), "litellm-gateway:suppliedSecrets": supplied})
    assert settings_of("changed", file).providers_in_use == ("anthropic",)
    assert file.encrypted == ()


def test_secrets_that_are_encrypted_as_a_whole_are_taken_to_be_complete(tmp_path: Path) -> None:
    file = stack_file(tmp_path, {**with_anthropic(), "litellm-gateway:suppliedSecrets": CIPHERTEXT})
    rendered = render("changed", file, settings_of("changed", file))
    assert "ANTHROPIC_API_KEY" in rendered.variables
    assert ENCRYPTED not in rendered.text


def test_a_setting_that_is_encrypted_is_said_to_be_unseen(tmp_path: Path) -> None:
    file = stack_file(tmp_path, {"litellm-gateway:monitoring": {"alarmEmails": [CIPHERTEXT]}})
    assert file.encrypted == ("monitoring.alarmEmails[0]",)


def test_a_key_that_the_program_would_never_see_is_a_problem(tmp_path: Path) -> None:
    (told,) = stack_file(tmp_path, {"litelm-gateway:gateway": {}}).problems
    assert told == "litelm-gateway:gateway: unknown namespace; did you mean litellm-gateway?"


def test_a_key_without_a_namespace_is_the_project_s(tmp_path: Path) -> None:
    file = stack_file(tmp_path, {"gateway": {"replicas": 2, "maximumReplicas": 2}})
    assert settings_of("changed", file).gateway.replicas == 2
