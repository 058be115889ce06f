"""The catalogue as the pinned LiteLLM sees it: its price map, and a stack with every provider."""

import json
import subprocess
from pathlib import Path

import provider_stack
from test_litellm_accepts import CHECKS
from test_litellm_accepts import gateway_python as gateway_python
from test_litellm_routes import run

from infra import priced_models


def test_the_list_of_priced_models_is_that_of_litellm(gateway_python: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [gateway_python, CHECKS / "list_models.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    kept = Path(priced_models.__file__).with_suffix(".json").read_text()
    assert json.loads(done.stdout) == json.loads(kept)


def test_litellm_takes_every_provider(gateway_python: Path, tmp_path: Path) -> None:
    settings = provider_stack.stack()
    secrets = provider_stack.secret_values(settings)
    (tmp_path / "config.yaml").write_text(provider_stack.rendered(settings, secrets))
    (report,) = run(
        gateway_python, tmp_path, "-m", "config_checks.check_litellm_config", "config.yaml"
    )
    assert report["problems"] == []
