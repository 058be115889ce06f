"""The rendered configuration as LiteLLM itself reads it, in the environment that it runs in."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql import METRICS
from test_rendering import CONFIG

from infra.proxy_config.document import render_litellm_config
from sandbox import images, litellm_image

CHECKS = Path(__file__).resolve().parent.parent / "config_checks"
GOOD = render_litellm_config(CONFIG)

Reports = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def gateway_python() -> Path:
    """The Python of the environment that stands in for LiteLLM's image."""
    images.ensure_litellm()
    image = images.resolve(f"ghcr.io/berriai/litellm:v{litellm_image.locked_version()}")
    pythons = (Path(folder) / "python" for folder in image.path)
    return next(path for path in pythons if path.exists())


@pytest.fixture(scope="module")
def reports(gateway_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What LiteLLM says to a configuration of everything that the template knows."""
    file = tmp_path_factory.mktemp("configuration") / "config.yaml"
    file.write_text(GOOD)
    done = subprocess.run(
        [gateway_python, "-m", "config_checks.check_litellm_config", file],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKS.parent,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("{"))
    return {"the configuration": json.loads(line)}


def test_litellm_takes_every_key(reports: Reports) -> None:
    assert reports["the configuration"]["problems"] == []


def test_litellm_takes_every_deployment(reports: Reports) -> None:
    assert reports["the configuration"]["deployments"] == len(CONFIG.deployments)


def test_the_metrics_of_dashboards_and_alerts_are_those_of_litellm(
    gateway_python: Path, tmp_path: Path
) -> None:
    excluded = yaml.safe_load(GOOD)["litellm_settings"]["prometheus_exclude_labels"]
    done = subprocess.run(
        [gateway_python, CHECKS / "list_metrics.py", *excluded],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == METRICS
