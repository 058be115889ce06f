"""Who serves models, and how each is reached. Secret parts are in ``suppliedSecrets``."""

from typing import Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Cidr, Section

# Bedrock's geographies, and `region` for no other region than the one that is called.
Residency = Literal["us", "us-gov", "eu", "apac", "jp", "au", "region"]

_URL = r"^https?://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/-]*)?$"
_SECURE_URL = r"^https://[A-Za-z0-9.-]+(:\d+)?(/[A-Za-z0-9._~/-]*)?$"
_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class Provider(Section):
    """What every provider has."""

    enabled: bool = Field(
        default=True,
        description="false: its models, the deployments there, and fallbacks and aliases to them "
        "are left out.",
    )


class OutsideProvider(Provider):
    """A provider that is not AWS."""

    residency: Residency | None = Field(
        default=None,
        description="Where it processes requests by your contract with it; needed where "
        "`dataResidency` is set, and trusted.",
    )


class BedrockProvider(Provider):
    """Amazon Bedrock, reached with the role in ``bedrock``."""


class AnthropicProvider(OutsideProvider):
    """Anthropic's own API, with ``suppliedSecrets.anthropic`` (``apiKey``)."""

    base_url: str | None = Field(
        default=None, pattern=_SECURE_URL, description="Another address of the API; unset: its own."
    )


class OpenAiProvider(OutsideProvider):
    """OpenAI's own API, with ``suppliedSecrets.openai`` (``apiKey``)."""

    organization: str | None = Field(
        default=None,
        pattern=r"^org-[A-Za-z0-9]+$",
        description="Organization that is charged; unset: the key's own.",
    )
    base_url: str | None = Field(
        default=None,
        pattern=_SECURE_URL,
        description="Another address of the API, with its `/v1`, such as that of a region; unset: "
        "its own.",
    )


class AzureProvider(OutsideProvider):
    """One Azure OpenAI resource; ``model`` of a deployment is the name that it has there.

    ``suppliedSecrets.azure`` has its ``apiKey``; ``suppliedSecrets.azureClient`` the
    ``clientSecret`` of an application of Entra ID. A workload identity needs neither.
    """

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https://[A-Za-z0-9.-]+$",
        description="Address of the resource, such as `https://example.openai.azure.com`; needed "
        "where a model is on Azure.",
    )
    api_version: str | None = Field(
        default=None,
        pattern=r"^(\d{4}-\d{2}-\d{2}(-preview)?|v1|preview|latest)$",
        description="Version of the API, a date or `v1`; needed where a model is on Azure.",
    )
    authentication: Literal["apiKey", "clientSecret", "workloadIdentity"] = Field(
        default="apiKey",
        description="What stands for the gateway: the resource's key, an application's secret, or "
        "an application that trusts the cluster's tokens.",
    )
    tenant_id: str | None = Field(
        default=None, pattern=_UUID, description="Entra ID's tenant; for all but `apiKey`."
    )
    client_id: str | None = Field(
        default=None, pattern=_UUID, description="The application in it; for all but `apiKey`."
    )

    @model_validator(mode="after")
    def _identity_is_whole(self) -> Self:
        for key, given in (("tenantId", self.tenant_id), ("clientId", self.client_id)):
            if self.authentication == "apiKey" and given:
                raise ValueError(
                    f"{key} {given} is not for authentication apiKey; set authentication to "
                    "clientSecret or workloadIdentity, or leave it out"
                )
            if self.authentication != "apiKey" and not given:
                raise ValueError(f"authentication {self.authentication} needs {key}")
        return self


class GeminiProvider(OutsideProvider):
    """Google's Gemini API, with ``suppliedSecrets.gemini`` (``apiKey``)."""


class VertexProvider(OutsideProvider):
    """Google Cloud's Vertex AI, with ``suppliedSecrets.vertex`` (``serviceAccount``, its JSON)."""

    project: str | None = Field(
        default=None,
        pattern=r"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        description="Project that is charged; needed where a model is on Vertex AI.",
    )
    location: str | None = Field(
        default=None,
        pattern=r"^(global|us|eu|[a-z]+-[a-z]+\d+)$",
        description="Region, such as `europe-west4`, or `global`; needed where a model is on "
        "Vertex AI. A deployment may have its own.",
    )


class EndpointProvider(OutsideProvider):
    """An endpoint that speaks OpenAI's protocol, such as vLLM or Ollama."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$",
        description="How models name it as their provider.",
    )
    base_url: str = Field(
        pattern=_URL, description="Its address, with the `/v1` that most of them have."
    )
    api_key: bool = Field(
        default=False,
        description="Whether it wants a key: `apiKey` in `suppliedSecrets.endpoint-<name>`.",
    )
    cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks that it is in; needed unless its port is 443, to which pods may "
        "connect anyway.",
    )

    @property
    def port(self) -> int:
        """The port that its address names or implies."""
        scheme, _, rest = self.base_url.partition("://")
        _, _, port = rest.partition("/")[0].partition(":")
        return int(port) if port else {"http": 80, "https": 443}[scheme]

    @model_validator(mode="after")
    def _is_within_reach(self) -> Self:
        if self.port != 443 and not self.cidrs:
            raise ValueError(
                f"endpoint {self.name} is on port {self.port}, to which pods may not connect; name "
                "its networks as cidrs, such as [10.0.12.0/24]"
            )
        return self


class ProvidersSettings(Section):
    """A provider is in use when a model names it and it is not switched off."""

    bedrock: BedrockProvider = Field(default_factory=BedrockProvider, description="Amazon Bedrock.")
    anthropic: AnthropicProvider = Field(
        default_factory=AnthropicProvider, description="Anthropic's API."
    )
    openai: OpenAiProvider = Field(default_factory=OpenAiProvider, description="OpenAI's API.")
    azure: AzureProvider = Field(default_factory=AzureProvider, description="Azure OpenAI.")
    gemini: GeminiProvider = Field(default_factory=GeminiProvider, description="Gemini's API.")
    vertex: VertexProvider = Field(default_factory=VertexProvider, description="Vertex AI.")
    endpoints: tuple[EndpointProvider, ...] = Field(
        default=(), description="Endpoints that speak OpenAI's protocol."
    )

    @property
    def built_in(self) -> dict[str, Provider]:
        """Those that need no entry of their own, by name."""
        return {name: one for name, one in self if isinstance(one, Provider)}

    @property
    def by_name(self) -> dict[str, Provider]:
        """Every provider that a model may name."""
        return self.built_in | {endpoint.name: endpoint for endpoint in self.endpoints}

    @property
    def switched_off(self) -> frozenset[str]:
        """Names of those that are not to be used."""
        return frozenset(name for name, one in self.by_name.items() if not one.enabled)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [endpoint.name for endpoint in self.endpoints]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"endpoints: {name!r} stands more than once")
            if name in self.built_in:
                raise ValueError(f"endpoints: {name!r} is the name of a provider already")
        return self
