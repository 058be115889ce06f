"""A real LiteLLM proxy with the configuration that a stack's settings render, for tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from litellm_process import CHAT, LiteLLM
from test_settings import settings_of

from infra.pod_environment import plain_environment
from infra.proxy_config.document import config_context, render_litellm_config
from sandbox import litellm_image
from sandbox.providers.aws import local_moto

LOGS = "logs"
ACCESS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}

RATE_LIMITED = "litellm.RateLimitError"
TOO_LONG = "litellm.ContextWindowExceededError"
BROKEN = "litellm.InternalServerError"
REFUSED = "Exception: content_filter_policy"


def model(name: str, *answers: Any, **more: Any) -> dict[str, Any]:
    """Return a model whose deployments answer with texts, or fail as LiteLLM's mocks do."""
    deployments = [
        {"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}
        | (answer if isinstance(answer, dict) else {"mockResponse": answer})
        for answer in answers
    ]
    return {"name": name, "tier": "$", "provider": "bedrock", "deployments": deployments} | more


@contextmanager
def running(
    address: str,
    folder: Path,
    changes: Mapping[str, Any],
    *,
    redis: Mapping[str, str] | None = None,
    response_bucket: str | None = None,
    api_base: str | None = None,
) -> Iterator[LiteLLM]:
    """Start a proxy with ``dev`` and these changes; stop it at the end.

    ``redis`` has its variables, where there is one. ``api_base`` takes the place of every
    provider.
    """
    litellm_image.ensure(print)
    settings = settings_of("dev", {"aws.endpoint": local_moto.endpoint(), **changes})
    environment = plain_environment(
        settings, database_host="", cache_host="", own_cache_authority=redis is not None
    )
    plain = {
        name: value
        for name, value in environment.items()
        if not name.startswith("REDIS_") and name != "DATABASE_URL"
    }
    secret = {"DRAIN_TOKEN": "drain-token", "ANTHROPIC_API_KEY": "none", **ACCESS}
    given = {**plain, **(redis or {}), **secret}
    context = config_context(
        settings,
        environment=frozenset(given) | {"LITELLM_MASTER_KEY"},
        bucket=LOGS,
        log_key_arn="",
        bedrock_role="",
        response_bucket=response_bucket,
    )
    if api_base:
        deployments = tuple(replace(one, api_base=api_base) for one in context.deployments)
        context = replace(context, deployments=deployments)
    config = folder / "config.yaml"
    config.write_text(render_litellm_config(context))
    proxy = LiteLLM(address, None, config, given)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def ask(proxy: LiteLLM, model: str, text: str = "hello", **more: Any) -> str:
    """Return what a model says; fails with the proxy's words if it says nothing."""
    headers = more.pop("headers", None)
    messages = [{"role": "user", "content": text}]
    answer = proxy.post(CHAT, {"model": model, "messages": messages, **more}, headers=headers)
    assert answer.status_code == 200, answer.text
    content: str = answer.json()["choices"][0]["message"]["content"]
    return content
