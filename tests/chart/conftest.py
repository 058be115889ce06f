"""Renders the chart with the real Helm."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from rendered_chart import CHART, VALUES, Render, merged

from sandbox import toolchain


@pytest.fixture(scope="session")
def helm() -> Path:
    return toolchain.ensure(["helm"])["helm"]


@pytest.fixture
def run_helm(helm: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command of Helm on the chart with these changes of its values."""

    def run(
        command: str, changes: dict[str, Any] | None = None, *arguments: str
    ) -> subprocess.CompletedProcess[str]:
        values = tmp_path / "values.yaml"
        values.write_text(yaml.safe_dump(merged(VALUES, changes or {})))
        release = ["gateway"] if command == "template" else []
        return subprocess.run(
            [helm, command, *release, CHART, "--namespace", "litellm", "-f", values, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def render(run_helm: Callable[..., subprocess.CompletedProcess[str]]) -> Render:
    """Returns the objects that the chart makes of the values."""

    def render(**changes: Any) -> list[dict[str, Any]]:
        done = run_helm("template", changes)
        assert done.returncode == 0, done.stderr
        return [item for item in yaml.safe_load_all(done.stdout) if item]

    return render


@pytest.fixture
def refusal(run_helm: Callable[..., subprocess.CompletedProcess[str]]) -> Callable[..., str]:
    """Returns the message with which the chart refuses the values."""

    def refusal(**changes: Any) -> str:
        done = run_helm("template", changes)
        assert done.returncode != 0, "the values were accepted"
        return done.stderr

    return refusal
