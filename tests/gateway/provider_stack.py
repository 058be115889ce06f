"""A stack with a model of every kind on every provider, and the variables of its pods."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.configuration import parse
from infra.pod_environment import plain_environment
from infra.proxy_config.document import config_context, render_litellm_config
from infra.secret_families import supplied_family
from infra.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "litellm-gateway"
TEAM = "search"
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
AZURE = {"endpoint": "https://example.openai.azure.com", "apiVersion": "2024-10-21"}
FREE = {"input": 0, "output": 0}

PROVIDERS: dict[str, Any] = {
    "openai": {"organization": "org-example"},
    "azure": AZURE,
    "vertex": {"project": "example-project", "location": "europe-west4"},
    "endpoints": [
        {"name": "vllm", "baseUrl": "https://vllm.example.com/v1", "apiKey": True},
        {
            "name": "ollama",
            "baseUrl": "http://ollama.example.internal:11434/v1",
            "cidrs": ["10.0.12.0/24"],
        },
        {"name": "broken", "baseUrl": "https://broken.example.com/v1"},
    ],
}


def _model(name: str, provider: str, model: str, tier: str = "$", **more: Any) -> dict[str, Any]:
    deployment = {"model": model, **more.pop("deployment", {})}
    entry = {"name": name, "provider": provider, "tier": tier, "deployments": [deployment]}
    return {**entry, **more}


_EMBEDDING: dict[str, Any] = {"mode": "embedding"}
MODELS = [
    _model("claude-bedrock", "bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    _model("claude-anthropic", "anthropic", "claude-sonnet-4-5-20250929", "$$"),
    _model("gpt-openai", "openai", "gpt-4o-mini"),
    _model("gpt-azure", "azure", "our-gpt", "$$", deployment={"baseModel": "gpt-4o"}),
    _model("gemini", "gemini", "gemini-2.5-flash"),
    _model("gemini-vertex", "vertex", "gemini-2.5-flash"),
    _model("llama-vllm", "vllm", "meta/llama", deployment={"prices": FREE}),
    _model("llama-ollama", "ollama", "llama3", deployment={"prices": FREE}),
    _model(
        "broken",
        "broken",
        "broken",
        "$$$",
        deployment={"prices": FREE},
        fallbacks=["gpt-openai"],
    ),
    _model("titan-embedding", "bedrock", "amazon.titan-embed-text-v2:0", **_EMBEDDING),
    _model("cohere-embedding", "bedrock", "cohere.embed-multilingual-v3", **_EMBEDDING),
    _model("openai-embedding", "openai", "text-embedding-3-small", **_EMBEDDING),
    _model(
        "azure-embedding",
        "azure",
        "our-embedding",
        deployment={"baseModel": "text-embedding-3-small"},
        **_EMBEDDING,
    ),
    _model("gemini-embedding", "gemini", "gemini-embedding-001", **_EMBEDDING),
    _model("vertex-embedding", "vertex", "text-embedding-005", **_EMBEDDING),
    _model(
        "llama-embedding",
        "vllm",
        "llama-embed",
        deployment={"prices": {"input": 0.02}},
        **_EMBEDDING,
    ),
]
ALIASES = {"default": "claude-bedrock", "any-claude": ["claude-bedrock", "claude-anthropic"]}


def stack(**changes: Any) -> Settings:
    """Return the settings of the sandbox's stack with these sections in place of its own."""
    config = yaml.safe_load((ROOT / "Pulumi.sandbox.yaml").read_text())["config"]
    config |= {f"{PROJECT}:aws": {"region": "us-east-1"}}
    sections = {
        "models": MODELS,
        "aliases": ALIASES,
        "providers": PROVIDERS,
        "bedrock": {"teams": [{"id": TEAM, "tags": {"team": TEAM}}]},
        "secrets": {"supplied": "adopt"},
        **changes,
    }
    config |= {f"{PROJECT}:{key}": value for key, value in sections.items()}
    return parse(
        "test",
        PROJECT,
        {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in config.items()
        },
    )


def secret_values(settings: Settings) -> dict[str, str]:
    """Return a made-up value for each variable that pods take from supplied secrets."""
    values: dict[str, str] = {}
    for key in settings.supplied_families:
        family = supplied_family(key)
        assert family is not None
        values |= dict.fromkeys(family.environment.values(), f"secret-of-{key}")
    if "VERTEXAI_CREDENTIALS" in values:
        values["VERTEXAI_CREDENTIALS"] = service_account()
    return values


def service_account() -> str:
    """Return the JSON of a service account, as Google Cloud gives it out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "another-project",
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": "gateway@example-project.iam.gserviceaccount.com",
            "token_uri": "https://oauth2.googleapis.com/token",
        },
        indent=2,
    )


def pod_variables(settings: Settings) -> dict[str, str]:
    """Return the plain variables of the pods that say who they are to the providers."""
    every = plain_environment(
        settings, database_host="database", cache_host="cache", own_cache_authority=False
    )
    return {name: value for name, value in every.items() if name.startswith(("AZURE_", "AWS_"))}


def rendered(settings: Settings, variables: Mapping[str, str]) -> str:
    """Return the stack's config.yaml, without a cache."""
    return render_litellm_config(
        config_context(
            settings,
            environment=frozenset({*variables, "LITELLM_MASTER_KEY", "DRAIN_TOKEN"}),
            bucket="litellm-logs",
            response_bucket=None,
            log_key_arn="arn:aws:kms:us-east-1:111122223333:key/1",
            bedrock_role="arn:aws:iam::111122223333:role/litellm-test-bedrock",
        )
    )
