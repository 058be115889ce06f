"""Asks LiteLLM itself, in the environment that stands in for its image."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import litellm_image
from sandbox.paths import PROJECT_ROOT

_MODULE = "config_checks.check_litellm_config"
_SECONDS = 180


class CannotAsk(Exception):
    """LiteLLM could not be asked, which says nothing about the configuration."""


@dataclass(frozen=True, kw_only=True)
class LiteLLMReport:
    """What LiteLLM says of a configuration."""

    version: str
    deployments: int
    problems: tuple[str, ...]


def ask_litellm(text: str, report: Callable[[str], None]) -> LiteLLMReport:
    """Return what LiteLLM says of a configuration; raise CannotAsk.

    The version is that of ``uv.lock``. Its packages are installed on first use, which takes uv, a
    way to the package index and about a minute.
    """
    try:
        python = litellm_image.ensure_python(report)
    except (litellm_image.ImageBuildError, OSError) as error:
        raise CannotAsk(str(error)) from error
    with tempfile.TemporaryDirectory(prefix="litellm-config-") as directory:
        file = Path(directory) / "config.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(
                [python, "-m", _MODULE, file],
                cwd=PROJECT_ROOT,
                # Nothing of the caller's: LiteLLM reads hundreds of variables.
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": directory},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CannotAsk(f"LiteLLM has not answered within {_SECONDS} s") from error
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CannotAsk(f"LiteLLM's check ended with {done.returncode}: {last}")
    answer = json.loads(lines[-1])
    return LiteLLMReport(
        version=answer["version"],
        deployments=answer["deployments"],
        problems=tuple(answer["problems"]),
    )
