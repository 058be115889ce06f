"""What a deployment's entry in ``model_list`` says about routing, cooldown and checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.model_catalogue import Deployment, Model
from infra.proxy_config.presets import strategy_of
from infra.setting_sections import ModelHealthCheck, Section
from infra.settings import Settings

# CacheControlInjectionPoint in litellm/types/integrations/anthropic_cache_control_hook.py
_CACHE_POINTS: Mapping[str, Mapping[str, object]] = {
    "system": {"location": "message", "role": "system"},
    "tools": {"location": "tool_config"},
    "lastMessage": {"location": "message", "index": -1},
}
# Their models stand in LiteLLM's price map without the route before their names, and
# router_strategy/lowest_cost.py looks for the whole name alone.
_PRICED_WITHOUT_ROUTE = frozenset({"anthropic", "bedrock", "openai"})


@dataclass(frozen=True, kw_only=True)
class DeploymentRouting:
    """Parameters of the provider's calls, and what the router alone reads."""

    parameters: Mapping[str, object] = field(default_factory=dict)
    """Further keys of ``litellm_params``."""
    information: Mapping[str, object] = field(default_factory=dict)
    """Further keys of ``model_info``."""


def deployment_routing(
    settings: Settings, model: Model, deployment: Deployment
) -> DeploymentRouting:
    """Return what routing adds to a deployment's entry.

    Tags are filtered by model, not in the whole router: there a request with a tag, which may be
    for reports alone, would be refused by every model that has no tags.

    Failures are counted by deployment: in ``router_settings`` LiteLLM 1.106.2 takes an
    ``allowed_fails`` of 3 for unset, and cools a model's only deployment down.
    """
    cooldown, agents = settings.routing.cooldown, settings.routing.tags.user_agents
    parameters = {
        "tag_regex": [
            f"^User-Agent: (?:{pattern})"
            for tag in deployment.tags
            for pattern in agents.get(tag, ())
        ],
        "cache_control_injection_points": [
            dict(_CACHE_POINTS[name]) for name in model.prompt_cache
        ],
    }
    by_cost = strategy_of(settings.routing) == "cost-based-routing"
    information = {
        "base_model": deployment.model
        if by_cost and model.provider_of(deployment) in _PRICED_WITHOUT_ROUTE
        else None,
        "enable_tag_filtering": any(one.tags for one in model.deployments) or None,
        "allowed_fails": cooldown.allowed_failures,
        "allowed_fails_policy": counts(cooldown.by_error, "AllowedFails") or None,
        **(_health_check(model.health_check) if settings.routing.health_checks.enabled else {}),
    }
    return DeploymentRouting(
        parameters={name: value for name, value in parameters.items() if value},
        information={name: value for name, value in information.items() if value is not None},
    )


def counts(by_error: Section, suffix: str) -> dict[str, int]:
    """Return numbers by kind of error in LiteLLM's spelling, such as ``TimeoutErrorRetries``."""
    return {
        "".join(part.title() for part in name.split("_")) + suffix: number
        for name, number in by_error.model_dump().items()
        if number is not None
    }


def _health_check(check: ModelHealthCheck) -> dict[str, object]:
    if not check.enabled:
        return {"disable_background_health_check": True}
    return {
        "health_check_model": check.model,
        "health_check_timeout": check.timeout_seconds,
        "health_check_max_tokens": check.maximum_tokens,
        "health_check_params": check.parameters or None,
    }
