"""Everything that settings say about routing, as LiteLLM itself reads it and acts on it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from test_litellm_accepts import CHECKS, Reports, gateway_python
from test_response_cache import REDIS
from test_routing import PODS, model
from test_settings import settings_of

from infra.proxy_config.document import config_context, render_litellm_config
from infra.setting_sections.routing import FailuresByError, RetriesByError

__all__ = ["gateway_python"]

OPUS = "us.anthropic.claude-opus-4-5-20251101-v1:0"
NARROW = "us.amazon.nova-micro-v1:0"


def text(changes: dict[str, Any]) -> str:
    context = config_context(
        settings_of("dev", changes),
        environment=PODS | REDIS,
        bucket="logs",
        log_key_arn="key",
        bedrock_role="role",
        response_bucket="answers",
    )
    return render_litellm_config(context)


RETRIES = {(field.alias or name): 2 for name, field in RetriesByError.model_fields.items()}
FAILURES = {(field.alias or name): 2 for name, field in FailuresByError.model_fields.items()}
EVERYTHING = text(
    {
        "models": [
            model(
                "one",
                {"order": 1, "tags": ["batch", "default"]},
                {"order": 2, "tags": ["default"], "region": "us-west-2"},
                contentPolicyFallbacks=["two"],
                promptCache=["system", "tools", "lastMessage"],
                healthCheck={"timeoutSeconds": 9, "maximumTokens": 1, "parameters": {"top_p": 1}},
            ),
            model("two", {"model": NARROW}, contextWindowFallbacks=["one"]),
        ],
        "routing.preset": "latency",
        "routing.latencyBuffer": 0.1,
        "routing.defaultFallbacks": ["two"],
        "routing.preCallChecks": True,
        "routing.retries": {
            "minimumWaitSeconds": 1,
            "byError": RETRIES,
        },
        "routing.cooldown": {
            "allowedFailures": 2,
            "byError": FAILURES,
        },
        "routing.timeouts": {"requestSeconds": 60, "streamSeconds": 30},
        "routing.tags": {"userAgents": {"batch": ["nightly/"]}},
        "routing.healthChecks": {"enabled": True},
        "responseCache": {
            "backend": "redis",
            "callTypes": [
                "chat",
                "completion",
                "embedding",
                "messages",
                "responses",
                "rerank",
                "transcription",
            ],
        },
    }
)

# What to put in place of what, and what the report has to name then.
MISTAKES = {
    "a misspelt kind of error to retry": (
        '"TimeoutErrorRetries"',
        '"TimeoutRetries"',
        "router_settings.retry_policy.TimeoutRetries",
    ),
    "a misspelt kind of error to cool down for": (
        '"TimeoutErrorAllowedFails"',
        '"TimeoutAllowedFails"',
        "allowed_fails_policy.TimeoutAllowedFails",
    ),
    "a misspelt parameter of the cache": (
        "max_messages:",
        "maximum_messages:",
        "litellm_settings.cache_params.maximum_messages",
    ),
    "answers that no cache keeps": (
        '"arerank"',
        '"asearch"',
        "litellm_settings.cache_params.supported_call_types[",
    ),
    "a special fallback that does not exist": (
        'content_policy_fallbacks:\n    - {"one": ["two"]}',
        'content_policy_fallbacks:\n    - {"one": ["three"]}',
        "router_settings.content_policy_fallbacks.one: there is no model three",
    ),
    "a model for longer requests with a smaller window": (
        '- {"two": ["one"]}',
        '- {"one": ["two"]}',
        "two takes 128000 tokens, no more than one with 200000",
    ),
}


@pytest.fixture(scope="module")
def reports(gateway_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Reports:
    texts = {"everything": EVERYTHING}
    for name, (right, wrong, _) in MISTAKES.items():
        assert right in EVERYTHING, right
        texts[name] = EVERYTHING.replace(right, wrong)
    texts["a bucket"] = text({"responseCache": {"backend": "s3"}})
    folder = tmp_path_factory.mktemp("configurations")
    for name, content in texts.items():
        (folder / name).write_text(content)
    done = run(gateway_python, folder, "-m", "config_checks.check_litellm_config", *texts)
    return {report["file"]: report for report in done}


def run(python: Path, folder: Path, *command: Any) -> list[Any]:
    """Run a script of ours with LiteLLM's Python, and read the lines of JSON that it prints."""
    done = subprocess.run(
        [python, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKS.parent)},
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done.stderr
    return lines


@pytest.mark.parametrize("name", ["everything", "a bucket"])
def test_litellm_takes_all_that_settings_can_say(name: str, reports: Reports) -> None:
    assert reports[name]["problems"] == []


@pytest.mark.parametrize("name", MISTAKES)
def test_what_litellm_would_pass_over_in_silence_is_found(name: str, reports: Reports) -> None:
    *_, named = MISTAKES[name]
    assert any(named in problem for problem in reports[name]["problems"]), reports[name]


PAIRS = {
    "cost": ({"model": OPUS, "mockResponse": "dear"}, {"mockResponse": "cheap"}),
    "latency": (
        {"mockResponse": "slow", "mockDelaySeconds": 5},
        {"mockResponse": "fast", "region": "us-west-2"},
    ),
    "balanced": ({"mockResponse": "cheap"},),
}
Said = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def said(gateway_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What a model says, five times, by preset."""
    folder = tmp_path_factory.mktemp("presets")
    script = Path(__file__).parent / "route_with_litellm.py"
    heard = {}
    for preset, pair in PAIRS.items():
        changes = {"models": [model("one", *pair)], "routing.preset": preset}
        (folder / preset).write_text(text(changes))
        heard[preset] = run(gateway_python, folder, script, "one", 5, preset)
    return heard


def answers(said: Said, preset: str) -> list[str]:
    return [one["answer"] for one in said[preset]]


def test_the_cheapest_deployment_answers_under_the_preset_cost(said: Said) -> None:
    assert set(answers(said, "cost")) == {"cheap"}


def test_what_the_preset_cost_knows_of_prices_changes_no_bill(said: Said) -> None:
    (bill,) = {one["cost"] for one in said["balanced"]}
    assert bill > 0
    assert {one["cost"] for one in said["cost"]} == {bill}


def test_the_fastest_deployment_answers_under_the_preset_latency_once_all_are_known(
    said: Said,
) -> None:
    assert set(answers(said, "latency")[:2]) == {"slow", "fast"}
    assert set(answers(said, "latency")[2:]) == {"fast"}
