"""Catalogues for tests: entries, and what a stack makes of them."""

from typing import Any

from test_settings import problems_of, settings_of

from infra.settings import Settings

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "anthropic.claude-opus-4-5-20251101-v1:0"
IDENTITY = {
    "tenantId": "11111111-2222-3333-4444-555555555555",
    "clientId": "66666666-7777-8888-9999-000000000000",
}
AZURE = {"endpoint": "https://example.openai.azure.com", "apiVersion": "2024-10-21"}
VERTEX = {"project": "example-project", "location": "europe-west4"}
VLLM = {"name": "vllm", "baseUrl": "https://vllm.example.com/v1"}


def model(name: str, provider: str, *deployments: str | dict[str, Any], **more: Any) -> Any:
    places = [{"model": one} if isinstance(one, str) else one for one in deployments]
    return {"name": name, "tier": "$", "provider": provider, "deployments": places, **more}


BEDROCK = model("haiku", "bedrock", f"us.{HAIKU}")
EMBEDDING = model("titan", "bedrock", "amazon.titan-embed-text-v2:0", mode="embedding")
OPENAI = model("gpt", "openai", "gpt-4o-mini")
# Values are adopted, so that no test needs secrets.
ADOPTED = {"secrets.supplied": "adopt"}


def settings(*models: Any, **changes: Any) -> Settings:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return settings_of("dev", {**ADOPTED, "models": list(models), **dotted})


def refused(*models: Any, **changes: Any) -> str:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return "\n".join(problems_of("dev", {**ADOPTED, "models": list(models), **dotted}))
