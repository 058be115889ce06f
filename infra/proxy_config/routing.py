"""``router_settings``: how the proxy chooses among deployments, and what it does when one fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.model_catalogue import Model
from infra.proxy_config.deployment_routing import counts
from infra.proxy_config.model_list import group_fallbacks, single_aliases
from infra.proxy_config.presets import PRESETS, strategy_of
from infra.setting_sections import HealthCheckSettings, RoutingSettings
from infra.setting_sections.routing import Strategy
from infra.settings import Settings

_LATENCY_BUFFER = 0.5
_LATENCY_WINDOW_SECONDS = 3600

Fallbacks = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Routing:
    """How the proxy chooses among deployments, and what it does when one fails."""

    strategy: Strategy = "simple-shuffle"
    strategy_options: Mapping[str, object] = field(default_factory=dict)
    fallbacks: Fallbacks = field(default_factory=dict)
    """Model → models that answer in its place, in this order."""
    context_window_fallbacks: Fallbacks = field(default_factory=dict)
    content_policy_fallbacks: Fallbacks = field(default_factory=dict)
    default_fallbacks: tuple[str, ...] = ()
    maximum_fallbacks: int = 5
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further name → model."""
    retries: int = 2
    retry_policy: Mapping[str, int] = field(default_factory=dict)
    """Retries by LiteLLM's name of the kind of error."""
    minimum_wait_seconds: int = 0
    cooldowns: bool = True
    cooldown_seconds: int = 30
    pre_call_checks: bool = False
    match_any_tag: bool = True
    request_timeout_seconds: int = 600
    stream_timeout_seconds: int | None = None
    health_checks: Mapping[str, object] = field(
        default_factory=lambda: {"background_health_checks": False}
    )
    """Keys of ``general_settings``, of which the router reads some."""

    @property
    def router_settings(self) -> dict[str, object]:
        """``router_settings`` without what is LiteLLM's default anyway."""
        given: dict[str, object] = {
            "routing_strategy": self.strategy,
            "routing_strategy_args": dict(self.strategy_options),
            # The others of a model are tried before another model is.
            "enable_weighted_failover": self.strategy == "simple-shuffle",
            "num_retries": self.retries,
            "retry_policy": dict(self.retry_policy),
            "retry_after": self.minimum_wait_seconds,
            "cooldown_time": self.cooldown_seconds,
            "disable_cooldowns": not self.cooldowns,
            "stream_timeout": self.stream_timeout_seconds,
            "enable_pre_call_checks": self.pre_call_checks,
            "fallbacks": _entries(self.fallbacks),
            "context_window_fallbacks": _entries(self.context_window_fallbacks),
            "content_policy_fallbacks": _entries(self.content_policy_fallbacks),
            "default_fallbacks": list(self.default_fallbacks),
            "max_fallbacks": self.maximum_fallbacks,
            "model_group_alias": dict(self.aliases),
        }
        always = {"num_retries", "cooldown_time", "max_fallbacks"}
        kept = {name: value for name, value in given.items() if value or name in always}
        return kept if self.match_any_tag else {**kept, "tag_filtering_match_any": False}


def routing(settings: Settings) -> Routing:
    """Return how requests of a stack are routed."""
    given = settings.routing
    general = group_fallbacks(settings, lambda model: model.fallbacks)
    preset = PRESETS[given.preset]
    strategy = strategy_of(given)
    longest = settings.gateway.longest_stream_seconds
    return Routing(
        strategy=strategy,
        strategy_options=_latency_options(given) if strategy == "latency-based-routing" else {},
        fallbacks={name: targets for name, targets in general.items() if targets},
        aliases=single_aliases(settings),
        context_window_fallbacks=_completed(settings, lambda model: model.context_window_fallbacks),
        content_policy_fallbacks=_completed(settings, lambda model: model.content_policy_fallbacks),
        default_fallbacks=given.default_fallbacks,
        maximum_fallbacks=given.maximum_fallbacks,
        retries=preset.retries if given.retries.attempts is None else given.retries.attempts,
        retry_policy=counts(given.retries.by_error, "Retries"),
        minimum_wait_seconds=given.retries.minimum_wait_seconds,
        cooldowns=given.cooldown.enabled,
        cooldown_seconds=given.cooldown.seconds or preset.cooldown_seconds,
        pre_call_checks=given.pre_call_checks,
        match_any_tag=given.tags.match == "any",
        request_timeout_seconds=given.timeouts.request_seconds or longest,
        stream_timeout_seconds=given.timeouts.stream_seconds,
        health_checks=_health_checks(given.health_checks),
    )


def _entries(fallbacks: Fallbacks) -> list[dict[str, list[str]]]:
    """LiteLLM wants a list of mappings with one key each."""
    return [{name: list(targets)} for name, targets in fallbacks.items()]


def _completed(settings: Settings, special: Callable[[Model], tuple[str, ...] | None]) -> Fallbacks:
    """Fallbacks of one kind of error, for every model as soon as one has them.

    LiteLLM looks into the general list only while there is no special one at all.
    """
    models = settings.models
    if all(special(model) is None for model in models):
        return {}
    chosen = group_fallbacks(
        settings,
        lambda model: model.fallbacks if (own := special(model)) is None else own,
    )
    refused = {model.name for model in models if special(model) is not None}
    kept = {name: targets for name, targets in chosen.items() if targets or name in refused}
    default = settings.routing.default_fallbacks
    return {**kept, "*": default} if default else kept


def _latency_options(given: RoutingSettings) -> dict[str, object]:
    buffer, window = given.latency_buffer, given.latency_window_seconds
    return {
        "lowest_latency_buffer": _LATENCY_BUFFER if buffer is None else buffer,
        "ttl": window or _LATENCY_WINDOW_SECONDS,
    }


def _health_checks(given: HealthCheckSettings) -> dict[str, object]:
    if not given.enabled:
        return {"background_health_checks": False}
    return {
        "background_health_checks": True,
        "health_check_interval": given.interval_seconds,
        "health_check_concurrency": given.concurrency,
        # One pod asks, the others read its results from the cache.
        "use_shared_health_check": True,
        "enable_health_check_routing": given.skip_unhealthy,
        "health_check_ignore_transient_errors": given.ignore_transient_errors,
        # LiteLLM's own threshold is for its own interval of 300 seconds.
        "health_check_staleness_threshold": 2 * given.interval_seconds,
        "maximum_health_check_retention_period": f"{given.retention_days}d",
    }
