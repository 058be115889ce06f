"""A real LiteLLM proxy with the configuration that a stack's settings render, for tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hook_folder import lay_out_hooks
from litellm_process import CHAT, LiteLLM
from test_settings import settings_of

from infra.pod_environment import plain_environment
from infra.priced_models import priced_mode
from infra.proxy_config.document import config_context, render_litellm_config
from sandbox import litellm_image
from sandbox.providers.aws import local_moto

LOGS = "logs"
FREE = {"input": 0, "output": 0}
ACCESS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def model(name: str, *deployments: Any, provider: str = "openai", **more: Any) -> dict[str, Any]:
    """Return a model; a deployment may be the provider's name of it alone.

    What LiteLLM has no price for is free.
    """
    written = [{"model": one} if isinstance(one, str) else one for one in deployments]
    places = [
        one if priced_mode(provider, one["model"]) else {"prices": FREE, **one} for one in written
    ]
    return {"name": name, "tier": "$", "provider": provider, "deployments": places, **more}


@contextmanager
def running(
    address: str,
    folder: Path,
    changes: Mapping[str, Any],
    *,
    provider: str,
    redis: Mapping[str, str] | None = None,
    response_bucket: str | None = None,
) -> Iterator[LiteLLM]:
    """Start a proxy with ``dev`` and these changes, and stop it at the end.

    ``provider`` is the address that stands in for every provider. ``redis`` has the variables
    about it, where there is one.
    """
    litellm_image.ensure(print)
    # A stand-in wants no key, and settings want one.
    supplied = {
        f"suppliedSecrets.{one['provider']}": {"1": {"apiKey": "none"}}
        for one in changes["models"]
        if one["provider"] != "bedrock"
    }
    settings = settings_of("dev", {"aws.endpoint": local_moto.endpoint(), **supplied, **changes})
    environment = plain_environment(
        settings, database_host="", cache_host="", own_cache_authority=redis is not None
    )
    plain = {
        name: value
        for name, value in environment.items()
        if not name.startswith("REDIS_") and name != "DATABASE_URL"
    }
    keys = {"ANTHROPIC_API_KEY": "none", "OPENAI_API_KEY": "none"}
    secret = {"DRAIN_TOKEN": "drain-token", **keys, **ACCESS}
    given = {**plain, **(redis or {}), **secret}
    context = config_context(
        settings,
        environment=frozenset(given) | {"LITELLM_MASTER_KEY"},
        bucket=LOGS,
        log_key_arn="",
        bedrock_role="",
        response_bucket=response_bucket,
    )
    deployments = tuple(
        replace(one, connection={**one.connection, "api_base": provider})
        for one in context.deployments
    )
    config = folder / "config.yaml"
    config.write_text(render_litellm_config(replace(context, deployments=deployments)))
    proxy = LiteLLM(address, None, config, {**given, **lay_out_hooks(folder, settings)})
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def ask(proxy: LiteLLM, model: str, text: str = "hello", **more: Any) -> str:
    """Return what a model says; fails with the proxy's words if it says nothing."""
    headers = more.pop("headers", None)
    answer = proxy.post(CHAT, question(model, text, **more), headers=headers)
    assert answer.status_code == 200, answer.text
    content: str = answer.json()["choices"][0]["message"]["content"]
    return content


def question(model: str, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}
