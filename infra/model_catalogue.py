"""The catalogue of models that the gateway serves, and what each provider needs for it."""

from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from infra.setting_sections import ModelHealthCheck, Section, Tag


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A model provider: LiteLLM's route prefix and the credentials that its route reads.

    ``credentials`` maps a field of ``suppliedSecrets.<provider>`` to the environment variable
    in which LiteLLM looks for it. Empty: the pod's IAM role is the credential.
    """

    route: str
    credentials: dict[str, str]


# Routes and variables: docs.litellm.ai/docs/providers, one page for each provider.
PROVIDERS = {
    "bedrock": Provider(route="bedrock", credentials={}),
    "anthropic": Provider(route="anthropic", credentials={"apiKey": "ANTHROPIC_API_KEY"}),
    "openai": Provider(route="openai", credentials={"apiKey": "OPENAI_API_KEY"}),
    "gemini": Provider(route="gemini", credentials={"apiKey": "GEMINI_API_KEY"}),
}

PromptCachePoint = Literal["system", "tools", "lastMessage"]

ProviderName = Literal["bedrock", "anthropic", "openai", "gemini"]


class Deployment(Section):
    """One place where a model runs."""

    model: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.:/_-]*$",
        description="Provider's name of the model; for Bedrock an inference profile such as "
        "`us.anthropic.claude-haiku-4-5-20251001-v1:0`.",
    )
    region: str | None = Field(
        default=None, description="Bedrock region; unset: the region of the stack."
    )
    inference_profile: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:\d{12}:application-inference-profile/[a-z0-9]+$",
        description="ARN of an application inference profile through which Bedrock's `model` is "
        "called.",
    )
    order: PositiveInt | None = Field(default=None, description="Lower ones are tried first.")
    weight: PositiveInt | None = Field(default=None, description="Share of the traffic.")
    tags: tuple[Tag, ...] = Field(
        default=(),
        description="Requests with one of these tags come here, those without a tag to "
        "deployments with the tag `default`.",
    )
    requests_per_minute: PositiveInt | None = Field(default=None, description="Limit (rpm).")
    tokens_per_minute: PositiveInt | None = Field(default=None, description="Limit (tpm).")
    mock_response: str | None = Field(
        default=None, description="Answer with this text and call nobody: for trying and testing."
    )
    mock_delay_seconds: PositiveInt | None = Field(
        default=None, description="Let the mocked answer wait, to try time-outs and roll-outs."
    )


class Model(Section):
    """A model as developers name it, in one or more deployments."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$", description="Name in requests.")
    tier: Literal["$", "$$", "$$$"] = Field(description="Relative cost.")
    provider: ProviderName = Field(description="Who serves it.")
    deployments: tuple[Deployment, ...] = Field(min_length=1, description="Where it runs.")
    fallbacks: tuple[str, ...] = Field(
        default=(), description="Models that answer when every deployment has failed."
    )
    context_window_fallbacks: tuple[str, ...] | None = Field(
        default=None,
        description="Models with a larger context window, for requests that are too long; unset: "
        "`fallbacks`.",
    )
    content_policy_fallbacks: tuple[str, ...] | None = Field(
        default=None,
        description="Models for prompts that the provider's filter refused; unset: `fallbacks`; "
        "an empty list: the refusal stands.",
    )
    prompt_cache: tuple[PromptCachePoint, ...] = Field(
        default=(),
        max_length=3,
        description="Parts of a request that the provider is told to cache: `system`, `tools`, "
        "`lastMessage`. Providers bill a write more and a read less than other "
        "tokens; a request's own marks come first, of which Anthropic takes 4 in all.",
    )
    health_check: ModelHealthCheck = Field(
        default_factory=ModelHealthCheck, description="How its deployments are checked."
    )

    @model_validator(mode="after")
    def _regions_are_for_bedrock(self) -> Self:
        for deployment in self.deployments:
            for key, given in (
                ("region", deployment.region),
                ("inferenceProfile", deployment.inference_profile),
            ):
                if given and self.provider != "bedrock":
                    raise ValueError(f"{key} {given!r} is for Bedrock; {self.provider} has none")
        return self


def provider_of(name: str) -> Provider:
    """Return the provider of a name that the settings have accepted."""
    return PROVIDERS[name]
