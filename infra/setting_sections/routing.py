"""How requests find a deployment, and what happens when one fails.

What LiteLLM does with each option stands in ``router.py``, ``router_strategy/`` and
``router_utils/`` of LiteLLM 1.106.2.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, PositiveInt, field_validator, model_validator

from infra.setting_sections.base import Section

Preset = Literal["balanced", "cost", "latency", "failover"]
Strategy = Literal[
    "simple-shuffle", "least-busy", "latency-based-routing", "cost-based-routing",
    "usage-based-routing-v2",
]  # fmt: skip

# Requests without a tag go to deployments with this one: router_strategy/tag_based_routing.py.
DEFAULT_TAG = "default"
# A request separates tags by commas, and excludes or demands one by `!` or `&` before it.
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]

_Count = Annotated[int, Field(ge=0, le=100)]


class RetriesByError(Section):
    """Retries of one kind of error: LiteLLM's ``RetryPolicy``."""

    bad_request_error: _Count | None = Field(
        default=None,
        description="Refused requests (400), of which those that are too long for the model are "
        "some; their context-window fallback comes after these retries.",
    )
    authentication_error: _Count | None = Field(default=None, description="Refused keys (401).")
    timeout_error: _Count | None = Field(default=None, description="Attempts that took too long.")
    rate_limit_error: _Count | None = Field(default=None, description="Too many requests (429).")
    content_policy_violation_error: _Count | None = Field(
        default=None, description="Prompts that the provider's filter refused."
    )
    internal_server_error: _Count | None = Field(default=None, description="Errors of 500.")
    service_unavailable_error: _Count | None = Field(default=None, description="Errors of 503.")
    not_found_error: _Count | None = Field(default=None, description="Unknown models (404).")


class RetrySettings(Section):
    attempts: int | None = Field(
        default=None,
        ge=0,
        le=10,
        description="Further attempts at deployments of the same model, of errors that can pass "
        "(408, 409, 429, 5xx); unset: the preset's.",
    )
    by_error: RetriesByError = Field(
        default_factory=RetriesByError,
        description="Retries of one kind of error, in place of `attempts` and of what LiteLLM "
        "takes for worth a retry.",
    )
    minimum_wait_seconds: int = Field(
        default=0,
        ge=0,
        le=60,
        description="Pause at least, where no other deployment could answer at once.",
    )


class FailuresByError(Section):
    """Failures of one kind that a deployment may have: LiteLLM's ``AllowedFailsPolicy``."""

    authentication_error: _Count | None = Field(default=None, description="Refused keys (401).")
    timeout_error: _Count | None = Field(default=None, description="Attempts that took too long.")
    rate_limit_error: _Count | None = Field(default=None, description="Too many requests (429).")
    internal_server_error: _Count | None = Field(default=None, description="Errors of 500.")
    service_unavailable_error: _Count | None = Field(default=None, description="Errors of 503.")
    bad_gateway_error: _Count | None = Field(default=None, description="Errors of 502.")
    not_found_error: _Count | None = Field(default=None, description="Unknown models (404).")


class CooldownSettings(Section):
    """When a deployment gets no requests for a while; pods share it through the cache."""

    enabled: bool = Field(default=True, description="Leave failing deployments alone for a while.")
    seconds: int | None = Field(
        default=None,
        ge=1,
        le=3600,
        description="For how long, where the provider's answer does not say it (`Retry-After`); "
        "unset: the preset's.",
    )
    allowed_failures: _Count | None = Field(
        default=None,
        description="Failures of a deployment in `seconds` after which one more takes it out; not "
        "where it is a model's only one. Unset: it is taken out at a 401, 404 or 429, and when "
        "over half of at least 5 requests of a minute fail, which suits any traffic.",
    )
    by_error: FailuresByError = Field(
        default_factory=FailuresByError,
        description="The same for one kind of error, counted apart, and for a model's only "
        "deployment too.",
    )


class TimeoutSettings(Section):
    request_seconds: int | None = Field(
        default=None,
        ge=1,
        le=3600,
        description="Seconds without a sign of life from the provider after which an attempt has "
        "failed; unset: `gateway.longestStreamSeconds`.",
    )
    stream_seconds: int | None = Field(
        default=None,
        ge=1,
        le=3600,
        description="The same for streamed answers, whose parts come one by one; unset: "
        "`requestSeconds`.",
    )


class TagSettings(Section):
    """Which deployments a request with tags may reach; their tags stand in the catalogue."""

    match: Literal["any", "all"] = Field(
        default="any",
        description="`any`: a deployment serves a request when they share one tag; `all`: when it "
        "has every tag of the request.",
    )
    user_agents: dict[Tag, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Tag → regular expressions: a request whose `User-Agent` begins with such a "
        "text reaches the deployments with that tag, without naming it.",
    )

    @field_validator("user_agents")
    @classmethod
    def _patterns_compile(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for tag, patterns in value.items():
            if not patterns:
                raise ValueError(f"{tag} has no pattern; give one, or leave the tag out")
            for pattern in patterns:
                try:
                    re.compile(pattern)
                except re.error as error:
                    raise ValueError(
                        f"{tag} has {pattern!r}, which is no regular expression: {error}"
                    ) from error
        return value

    @model_validator(mode="after")
    def _patterns_need_any(self) -> Self:
        if self.user_agents and self.match == "all":
            raise ValueError("match all would keep userAgents from matching; set match to any")
        return self


class HealthCheckSettings(Section):
    """Requests that the gateway sends to every deployment by itself."""

    enabled: bool = Field(
        default=False,
        description="Ask every deployment in the background. Each check is a request that the "
        "provider bills: a few tokens for each deployment and interval.",
    )
    interval_seconds: int = Field(
        default=300, ge=60, le=86400, description="Time from check to check; pods share a check."
    )
    concurrency: PositiveInt = Field(default=5, description="Checks at the same time.")
    skip_unhealthy: bool = Field(
        default=True, description="Send no requests to a deployment whose last check failed."
    )
    ignore_transient_errors: bool = Field(
        default=True, description="A check that failed with 408 or 429 says nothing."
    )
    retention_days: int = Field(
        default=7, ge=1, le=365, description="Days that results stay in the database."
    )


class ModelHealthCheck(Section):
    """How the deployments of one model are checked."""

    enabled: bool = Field(
        default=True, description="Check it, where `routing.healthChecks` checks any."
    )
    model: str | None = Field(
        default=None,
        description="Model to ask in its place, with the provider's prefix such as `bedrock/…`.",
    )
    timeout_seconds: PositiveInt | None = Field(
        default=None, description="Time for the answer; unset: 60."
    )
    maximum_tokens: PositiveInt | None = Field(
        default=None, description="Tokens of the answer at most; unset: 16."
    )
    parameters: dict[str, JsonValue] = Field(
        default_factory=dict, description="Further parameters of the request."
    )


class RoutingSettings(Section):
    preset: Preset = Field(
        default="balanced",
        description="`balanced`: by weight, else by rpm or tpm, else evenly; on a failure the "
        "others are tried; no state, which is what LiteLLM recommends. `cost`: the cheapest "
        "deployment that is within its rpm and tpm, by prices of LiteLLM's map or the catalogue; "
        "counts of the minute are read and written through the cache, and of equal prices the "
        "first gets everything. `latency`: those near the lowest mean latency of their last "
        "answers, for each token, for streams the time to the first one; samples are shared "
        "through the cache, last writer wins. `failover`: the lowest `order` alone, without "
        "retries; the next one as soon as a request fails, and while the first cools down. Lower "
        "`order`s go first in every preset.",
    )
    strategy: Strategy | None = Field(
        default=None,
        description="LiteLLM's strategy, in place of the preset's. `least-busy`: the fewest "
        "requests in flight; `usage-based-routing-v2`: the fewest tokens in this minute; both ask "
        "the cache for each request.",
    )
    latency_buffer: float | None = Field(
        default=None,
        ge=0,
        le=10,
        description="By how much a deployment may be slower than the fastest and still get a "
        "share, as a fraction; unset: 0.5.",
    )
    latency_window_seconds: PositiveInt | None = Field(
        default=None, description="How long latencies are remembered; unset: 3600."
    )
    default_fallbacks: tuple[str, ...] = Field(
        default=(),
        description="Models that answer for any model without fallbacks of its own, in this order.",
    )
    maximum_fallbacks: int = Field(
        default=5, ge=1, le=20, description="Fallbacks of a request at most, one after another."
    )
    retries: RetrySettings = Field(
        default_factory=RetrySettings, description="Attempts at the same model."
    )
    cooldown: CooldownSettings = Field(
        default_factory=CooldownSettings, description="When a deployment is left alone."
    )
    timeouts: TimeoutSettings = Field(
        default_factory=TimeoutSettings, description="How long an attempt may take."
    )
    pre_call_checks: bool = Field(
        default=False,
        description="Before a request is sent, leave out deployments whose context window it "
        "exceeds or whose rpm is used up in this pod. Counts the tokens of each request, which "
        "takes processor time, and saves the round trip before a context-window fallback.",
    )
    tags: TagSettings = Field(
        default_factory=TagSettings,
        description="Requests with a tag (header `x-litellm-tags`, or `metadata.tags`) go to "
        "deployments with that tag, others to those with the tag `default`.",
    )
    health_checks: HealthCheckSettings = Field(
        default_factory=HealthCheckSettings, description="Checks of deployments."
    )
