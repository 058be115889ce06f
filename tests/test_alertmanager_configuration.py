"""Alertmanager's configuration, read and routed by its own code."""

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.monitoring_values import alertmanager_config
from sandbox import toolchain

TOPICS = [f"arn:aws:sns:us-east-1:111122223333:{name}" for name in ("alarms", "further")]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(alertmanager_config(TOPICS, "us-east-1")))
    return file


def amtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [toolchain.ensure(["amtool"])["amtool"], *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_alertmanager_accepts_the_configuration(configuration: Path) -> None:
    done = amtool("check-config", configuration)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 inhibit rules" in done.stdout


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_every_alert_reaches_the_topics(configuration: Path, severity: str) -> None:
    done = amtool(
        *("config", "routes", "test", "--config.file", configuration),
        *(f"severity={severity}", "alertname=GatewaySlow"),
    )
    assert done.stdout.split() == ["topics"], done.stderr
