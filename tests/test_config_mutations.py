"""Wrong settings and wrong configurations, each caught with a message that names its key."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from config_changes import Change, put
from test_settings import problems_of as problems_of_settings
from wrong_for_litellm import BY_LITELLM
from wrong_for_the_gateway import BEFORE_AN_UPDATE, CLEAR
from wrong_settings import WRONG_SETTINGS

from infra.documents import InvalidConfiguration, parse_yaml
from infra.proxy_config.checks import problems_of
from sandbox import litellm_image
from sandbox.paths import PROJECT_ROOT

GOLDEN = Path(__file__).parent / "golden" / "prod"
RIGHT = (GOLDEN / "litellm_config.yaml").read_text()

Reports = dict[str, list[str]]


def pods_variables() -> frozenset[str]:
    values = yaml.safe_load((GOLDEN / "helm_values.yaml").read_text())
    secret = {variable["name"] for variable in values["secretEnvironment"]}
    return frozenset(values["environment"]) | secret


def changed(change: Change) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(RIGHT)
    change(config)
    return config


def told_of(config: dict[str, Any]) -> str:
    return "\n".join(problems_of(config, pods_variables()))


@pytest.fixture(scope="module")
def by_litellm(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """What LiteLLM says to what prod renders and to each wrong configuration, in one run."""
    folder = tmp_path_factory.mktemp("configurations")
    texts = {name: yaml.safe_dump(changed(change)) for name, (change, _) in BY_LITELLM.items()}
    files = {name: folder / f"{index}.yaml" for index, name in enumerate(["right", *texts])}
    for name, file in files.items():
        file.write_text(texts.get(name, RIGHT))
    done = subprocess.run(
        [
            litellm_image.ensure_python(),
            "-m",
            "config_checks.check_litellm_config",
            *files.values(),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT_ROOT,
    )
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(reports) == len(files), done.stderr
    return {name: report["problems"] for name, report in zip(files, reports, strict=True)}


def test_there_are_as_many_mistakes_as_promised() -> None:
    assert len(BEFORE_AN_UPDATE) + len(BY_LITELLM) + len(WRONG_SETTINGS) >= 120


def test_what_prod_renders_is_right() -> None:
    assert told_of(changed(lambda _: None)) == ""


def test_what_prod_renders_is_right_for_litellm(by_litellm: Reports) -> None:
    assert by_litellm["right"] == []


@pytest.mark.parametrize("name", BEFORE_AN_UPDATE)
def test_a_wrong_configuration_is_caught_before_anything_is_created(name: str) -> None:
    change, told = BEFORE_AN_UPDATE[name]
    assert told in told_of(changed(change))


@pytest.mark.parametrize("name", BY_LITELLM)
def test_a_wrong_configuration_is_caught_by_litellm(name: str, by_litellm: Reports) -> None:
    _, told = BY_LITELLM[name]
    assert told in "\n".join(by_litellm[name])


@pytest.mark.parametrize("name", WRONG_SETTINGS)
def test_a_wrong_setting_is_caught_before_anything_is_rendered(name: str) -> None:
    changes, told = WRONG_SETTINGS[name]
    assert told in "\n".join(problems_of_settings("prod", changes))


@pytest.mark.parametrize(
    ("right", "twice"),
    [
        ("  num_retries: 2\n", "num_retries"),
        ("  drop_params: true\n", "drop_params"),
        ("  master_key: os.environ/LITELLM_MASTER_KEY\n", "master_key"),
    ],
)
def test_a_key_that_stands_twice_is_caught(right: str, twice: str) -> None:
    assert right in RIGHT
    with pytest.raises(InvalidConfiguration, match=f"the key {twice} stands twice"):
        parse_yaml("config.yaml", RIGHT.replace(right, right * 2))


@pytest.mark.parametrize(
    "path",
    [
        "general_settings.master_key",
        "model_list[0].litellm_params.api_key",
        "model_list[0].litellm_params.aws_secret_access_key",
        "litellm_settings.s3_callback_params.s3_path",
        "litellm_settings.request_timeout",
    ],
)
def test_no_message_repeats_a_secret(path: str) -> None:
    told = told_of(changed(put(path, CLEAR)))
    assert path in told
    assert CLEAR not in told


def test_a_setting_in_the_wrong_place_is_not_repeated() -> None:
    """It may be a secret: somebody looked for where a key goes."""
    told = "\n".join(problems_of_settings("prod", {"gateway.apiKey": CLEAR}))
    assert "gateway.apiKey: unknown key" in told
    assert CLEAR not in told


def test_fallbacks_may_lead_back_because_litellm_asks_no_model_twice() -> None:
    """run_async_fallback of 1.106.2 passes over a target that it has attempted."""
    config = changed(
        put(
            "router_settings.fallbacks",
            [
                {"claude-haiku-4-5": ["claude-sonnet-4-5"]},
                {"claude-sonnet-4-5": ["claude-haiku-4-5"]},
            ],
        )
    )
    assert told_of(config) == ""
