"""How each provider is reached: LiteLLM's route, its parameters, and the secrets behind them.

Pure: settings in, parameters and names of variables out. Parameters are fields of
GenericLiteLLMParams and its bases in litellm/types/router.py of LiteLLM 1.106.2. Every credential
is named explicitly, so that none is ever taken from a variable that was meant for another provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.setting_sections.providers import AzureProvider, EndpointProvider, OpenAiProvider

if TYPE_CHECKING:
    from infra.settings import Settings

# Where the pods find their token for Entra ID; the chart puts it there.
ENTRA_ID_TOKEN = "entra-id"  # noqa: S105 - a name
# learn.microsoft.com/graph/api/resources/federatedidentitycredential, audiences
ENTRA_ID_AUDIENCE = "api://AzureADTokenExchange"
TOKENS = "/var/run/secrets/gateway-tokens"

# Key in `suppliedSecrets` → field of its value → variable of the pods.
SUPPLIED_CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "anthropic": {"apiKey": "ANTHROPIC_API_KEY"},
    "azure": {"apiKey": "AZURE_API_KEY"},
    "azureClient": {"clientSecret": "AZURE_CLIENT_SECRET"},
    "gemini": {"apiKey": "GEMINI_API_KEY"},
    "openai": {"apiKey": "OPENAI_API_KEY"},
    "vertex": {"serviceAccount": "VERTEXAI_CREDENTIALS"},
}
_ENDPOINT = "endpoint-"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How LiteLLM reaches a provider."""

    route: str
    """What stands before the name of a model: docs.litellm.ai/docs/providers."""
    secret: str | None = None
    """Key in ``suppliedSecrets`` of its credentials; None where it has no secret."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """LiteLLM's parameter → name of the variable that holds its value."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """LiteLLM's other parameters, None where one is not set."""


def connections(settings: Settings) -> dict[str, Connection]:
    """Return how each provider in use is reached; a name that is none's is left out."""
    known = settings.providers.by_name
    return {
        name: _connection(settings, name) for name in settings.providers_in_use if name in known
    }


def _connection(settings: Settings, name: str) -> Connection:
    providers = settings.providers
    match name:
        case "bedrock":
            return Connection(route="bedrock")
        case "anthropic":
            return _with_key(
                "anthropic", "ANTHROPIC_API_KEY", {"api_base": providers.anthropic.base_url}
            )
        case "openai":
            return _openai(providers.openai)
        case "azure":
            return _azure(providers.azure)
        case "gemini":
            return _with_key("gemini", "GEMINI_API_KEY", {})
        case "vertex":
            vertex = providers.vertex
            return Connection(
                route="vertex_ai",
                secret="vertex",  # noqa: S106 - a name
                # load_auth in litellm/llms/vertex_ai/vertex_llm_base.py takes JSON as text.
                credentials={"vertex_credentials": "VERTEXAI_CREDENTIALS"},
                parameters={"vertex_project": vertex.project, "vertex_location": vertex.location},
            )
    return _endpoint(next(one for one in providers.endpoints if one.name == name))


def _openai(openai: OpenAiProvider) -> Connection:
    parameters: dict[str, object] = {"api_base": openai.base_url}
    if openai.organization:
        # LiteLLM's `organization` gets lost for embeddings and messages.
        parameters["extra_headers"] = {"OpenAI-Organization": openai.organization}
    return _with_key("openai", "OPENAI_API_KEY", parameters)


def _with_key(name: str, variable: str, parameters: Mapping[str, object]) -> Connection:
    return Connection(
        route=name, secret=name, credentials={"api_key": variable}, parameters=parameters
    )


def _azure(azure: AzureProvider) -> Connection:
    where = {"api_base": azure.endpoint, "api_version": azure.api_version}
    if azure.authentication == "apiKey":
        return _with_key("azure", "AZURE_API_KEY", where)
    if azure.authentication == "clientSecret":
        return Connection(
            route="azure",
            secret="azureClient",  # noqa: S106 - a name
            credentials={"client_secret": "AZURE_CLIENT_SECRET"},
            parameters={**where, "tenant_id": azure.tenant_id, "client_id": azure.client_id},
        )
    return Connection(route="azure", parameters=where)


def _endpoint(endpoint: EndpointProvider) -> Connection:
    """LiteLLM's route for vLLM speaks plain OpenAI, and nothing but chat completions behind them.

    Its route for OpenAI would translate messages to OpenAI's Responses API, which few endpoints
    have (_RESPONSES_API_PROVIDERS in litellm/llms/anthropic/pass_through/messages/handler.py), and
    send OpenAI's key where an endpoint has none.
    """
    if endpoint.api_key:
        return Connection(
            route="hosted_vllm",
            secret=f"{_ENDPOINT}{endpoint.name}",
            credentials={"api_key": endpoint_variable(endpoint.name)},
            parameters={"api_base": endpoint.base_url},
        )
    return Connection(
        route="hosted_vllm", parameters={"api_base": endpoint.base_url, "api_key": "none"}
    )


def endpoint_variable(name: str) -> str:
    """Return the variable that holds an endpoint's key."""
    return f"ENDPOINT_{name.upper().replace('-', '_')}_API_KEY"


def endpoint_of(key: str) -> str | None:
    """Return the endpoint whose key a key of ``suppliedSecrets`` holds; None if it is another."""
    return key.removeprefix(_ENDPOINT) if key.startswith(_ENDPOINT) else None


def uses_workload_identity(settings: Settings) -> bool:
    """Return whether pods need a token of the cluster for Entra ID."""
    azure = settings.providers.azure
    return "azure" in settings.providers_in_use and azure.authentication == "workloadIdentity"


def identity_tokens(settings: Settings) -> tuple[Mapping[str, str], ...]:
    """Return the tokens that pods need from the cluster, each with name and audience."""
    if not uses_workload_identity(settings):
        return ()
    return ({"name": ENTRA_ID_TOKEN, "audience": ENTRA_ID_AUDIENCE},)


def provider_environment(settings: Settings) -> dict[str, str]:
    """Return the variables, none of them a secret, with which pods find their identities.

    LiteLLM makes the credential that AZURE_CREDENTIAL names
    (litellm/secret_managers/get_azure_ad_token_provider.py), and azure-identity reads the others.
    """
    if not uses_workload_identity(settings):
        return {}
    azure = settings.providers.azure
    return {
        "AZURE_CREDENTIAL": "WorkloadIdentityCredential",
        "AZURE_TENANT_ID": azure.tenant_id or "",
        "AZURE_CLIENT_ID": azure.client_id or "",
        "AZURE_FEDERATED_TOKEN_FILE": f"{TOKENS}/{ENTRA_ID_TOKEN}",
    }
