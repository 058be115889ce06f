"""The rendered configuration as LiteLLM itself reads it, in the environment that it runs in."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_rendering import CONFIG

from infra.rendering import render_litellm_config
from sandbox import images, litellm_image

CHECK = Path(__file__).resolve().parent.parent / "config_checks" / "check_litellm_config.py"
GOOD = render_litellm_config(CONFIG)


def check(text: str, folder: Path) -> tuple[int, dict[str, Any]]:
    images.ensure_litellm()
    image = images.resolve(f"ghcr.io/berriai/litellm:v{litellm_image.locked_version()}")
    python = next(path for folder_ in image.path if (path := Path(folder_) / "python").exists())
    file = folder / "config.yaml"
    file.write_text(text)
    done = subprocess.run(
        [python, CHECK, file], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, report


def test_litellm_takes_every_deployment_and_every_key(tmp_path: Path) -> None:
    code, report = check(GOOD, tmp_path)
    assert report["problems"] == []
    assert report["deployments"] == 3
    assert code == 0


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("drop_params:", "dorp_params:", "litellm_settings.dorp_params"),
        ("s3_path:", "s3_pfad:", "litellm_settings.s3_callback_params.s3_pfad"),
        ("disable_spend_logs:", "disable_spendlogs:", "general_settings.disable_spendlogs"),
        ("allowed_fails:", "allowed_failures:", "router_settings.allowed_failures"),
        ("proxy_batch_write_at: 60", "database_connection_timeout: soon", "general_settings"),
        ('"anthropic/', '"antropic/', "antropic"),
        ('["claude-haiku-4-5"]', '["gpt-9"]', "gpt-9"),
    ],
)
def test_what_litellm_would_pass_over_in_silence_is_found(
    right: str, wrong: str, problem: str, tmp_path: Path
) -> None:
    assert right in GOOD
    code, report = check(GOOD.replace(right, wrong), tmp_path)
    assert any(problem in text for text in report["problems"]), report
    assert code == 1
