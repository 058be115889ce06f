"""The catalogue of models that the gateway serves, as a stack's configuration writes it.

What is served of it in a stack, the default catalogue included, is in ``served_models.py``.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveInt, model_validator

from infra.priced_models import Mode
from infra.setting_sections import ModelHealthCheck, Section, Tag

_NAME = r"^[a-z0-9][a-z0-9.-]{0,62}$"
# Those whose deployments are called in a region of their own choice.
_WITH_REGIONS = frozenset({"bedrock", "vertex"})

PromptCachePoint = Literal["system", "tools", "lastMessage"]


class Prices(Section):
    """What a provider charges, in USD per million tokens, where LiteLLM's price map has nothing.

    A model without any price would be free to every budget.
    """

    input: NonNegativeFloat = Field(description="USD per million tokens of a prompt.")
    output: NonNegativeFloat | None = Field(
        default=None, description="USD per million tokens of an answer; needed for `mode: chat`."
    )
    cache_read: NonNegativeFloat | None = Field(
        default=None, description="USD per million tokens that come from the prompt cache."
    )
    cache_write: NonNegativeFloat | None = Field(
        default=None, description="USD per million tokens that are put into the prompt cache."
    )


class Deployment(Section):
    """One place where a model runs."""

    model: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.:/@_-]*$",
        description="Provider's name of the model; for Bedrock an inference profile such as "
        "`us.anthropic.claude-haiku-4-5-20251001-v1:0`, for Azure the name of the deployment.",
    )
    provider: str | None = Field(
        default=None, description="Who serves it here; unset: the model's provider."
    )
    base_model: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][A-Za-z0-9./_-]*$",
        description="For Azure: the model behind the deployment's name, such as `gpt-4o`, which "
        "tells LiteLLM the price.",
    )
    region: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]+$",
        description="Region of Bedrock or location of Vertex AI; unset: that of the stack or of "
        "`providers.vertex`.",
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
    prices: Prices | None = Field(
        default=None, description="Prices; unset: those of LiteLLM's price map."
    )
    mock_response: str | None = Field(
        default=None, description="Answer with this text and call nobody: for trying and testing."
    )
    mock_delay_seconds: PositiveInt | None = Field(
        default=None, description="Let the mocked answer wait, to try time-outs and roll-outs."
    )


class Model(Section):
    """A model as developers name it, in one or more deployments."""

    name: str = Field(pattern=_NAME, description="Name in requests.")
    tier: Literal["$", "$$", "$$$"] = Field(description="Relative cost.")
    provider: str = Field(
        description="Who serves it: `bedrock`, `anthropic`, `openai`, `azure`, `gemini`, `vertex` "
        "or the name of one of `providers.endpoints`."
    )
    mode: Mode = Field(
        default="chat",
        description="`chat` (also completions and messages) or `embedding`.",
    )
    deployments: tuple[Deployment, ...] = Field(min_length=1, description="Where it runs.")
    fallbacks: tuple[str, ...] = Field(
        default=(), description="Models or aliases that answer when every deployment has failed."
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
    def _deployments_fit_their_provider(self) -> Self:
        for deployment in self.deployments:
            provider = self.provider_of(deployment)
            for key, given, users in (
                ("region", deployment.region, _WITH_REGIONS),
                ("inferenceProfile", deployment.inference_profile, frozenset({"bedrock"})),
                ("baseModel", deployment.base_model, frozenset({"azure"})),
            ):
                if given and provider not in users:
                    raise ValueError(
                        f"{key} {given!r} is for {' and '.join(sorted(users))}; {provider} has none"
                    )
            prices = deployment.prices
            if prices and prices.output is None and self.mode == "chat":
                raise ValueError(f"prices of {deployment.model} lack output; a chat has answers")
        return self

    def provider_of(self, deployment: Deployment) -> str:
        """Return who serves one of the model's deployments."""
        return deployment.provider or self.provider

    @property
    def providers(self) -> frozenset[str]:
        """Everyone who serves the model."""
        return frozenset(self.provider_of(deployment) for deployment in self.deployments)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


AliasName = Annotated[str, Field(pattern=_NAME)]
Targets = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
