"""The rendered configuration as LiteLLM itself reads it, in the environment that it runs in."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from promql import METRICS
from test_rendering import CONFIG
from test_settings import settings_of

from infra.pod_environment import plain_environment
from infra.proxy_config.allowed_keys import ALLOWED_KEYS
from infra.proxy_config.document import render_litellm_config
from infra.setting_sections.alerting import AlertType
from infra.setting_sections.guardrails import PREBUILT_PATTERNS
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
    settings = yaml.safe_load(GOOD)["litellm_settings"]
    excluded = [
        ",".join(settings[f"prometheus_exclude_{things}"]) for things in ("labels", "metrics")
    ]
    done = subprocess.run(
        [gateway_python, CHECKS / "list_metrics.py", *excluded],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == METRICS


def test_litellm_sets_the_thresholds_of_the_garbage_collector(
    gateway_python: Path, tmp_path: Path
) -> None:
    thresholds = plain_environment(
        settings_of("prod"), database_host="d", cache_host="c", own_cache_authority=False
    )["PYTHON_GC_THRESHOLD"]
    code = "import gc, litellm.proxy.common_utils.debug_utils; print(*gc.get_threshold(), sep=',')"
    done = subprocess.run(
        [gateway_python, "-c", code],
        env={**os.environ, "PYTHON_GC_THRESHOLD": thresholds, "LITELLM_LOCAL_MODEL_COST_MAP": "1"},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.splitlines()[-1] == thresholds


@pytest.fixture(scope="module")
def names(gateway_python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What LiteLLM knows by name, part by part."""
    done = subprocess.run(
        [gateway_python, CHECKS / "list_names.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path_factory.mktemp("names"),
    )
    listed: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return {part: set(known) for part, known in listed.items()}


def test_alerts_have_the_names_that_litellm_gives_them(names: dict[str, set[str]]) -> None:
    assert set(get_args(AlertType)) == names["alertTypes"]


def test_prebuilt_patterns_are_those_of_litellm(names: dict[str, set[str]]) -> None:
    assert names["patterns"] == PREBUILT_PATTERNS


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("general_settings.alerting_args", "alertingArgs"),
        ("general_settings.litellm_jwtauth", "jwt"),
        ("guardrails[].litellm_params", "guardrailParameters"),
        ("litellm_settings.default_team_params", "newTeams"),
        ("litellm_settings.upperbound_key_generate_params", "keyMaximum"),
    ],
)
def test_litellm_knows_every_key_that_may_be_written(
    path: str, part: str, names: dict[str, set[str]]
) -> None:
    assert ALLOWED_KEYS[path] <= names[part]
