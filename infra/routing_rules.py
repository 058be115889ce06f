"""Rules about routing and kept answers: what LiteLLM would do in silence, and nobody means."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from infra.model_catalogue import Deployment, Model
from infra.proxy_config.presets import strategy_of
from infra.setting_sections import Durability
from infra.setting_sections.routing import DEFAULT_TAG
from infra.settings import Settings


def routable_names(settings: Settings) -> frozenset[str]:
    """Names that a request, and so a fallback, can ask for."""
    return frozenset((*(model.name for model in settings.models), *settings.aliases))


def _fallbacks_lead_to_other_models(settings: Settings, _: object) -> Iterator[str]:
    known = routable_names(settings)
    lists = [
        (f"models.{model.name}.{key}", model.name, targets or ())
        for model in settings.models
        for key, targets in (
            ("fallbacks", model.fallbacks),
            ("contextWindowFallbacks", model.context_window_fallbacks),
            ("contentPolicyFallbacks", model.content_policy_fallbacks),
        )
    ]
    lists.append(("routing.defaultFallbacks", "", settings.routing.default_fallbacks))
    for key, source, targets in lists:
        for name in dict.fromkeys(targets):
            if name not in known or name == source:
                others = ", ".join(sorted(known - {source})) or "none"
                yield f"{key}: {name!r} is not another model or alias; there are {others}"
            if targets.count(name) > 1:
                yield f"{key}: {name!r} stands more than once; a request tries it once only"


def _presets_have_something_to_choose(settings: Settings, _: object) -> Iterator[str]:
    given = settings.routing
    ordered = [{one.order for one in model.deployments} for model in settings.models]
    if given.preset == "failover" and all(len(orders) < 2 for orders in ordered):
        yield (
            "routing.preset: failover goes from one `order` to the next, and no model has "
            "deployments of different order; give them some, or choose balanced"
        )
    if given.preset == "failover" and given.strategy not in (None, "simple-shuffle"):
        yield (
            f"routing.strategy: {given.strategy} replaces all that preset failover chooses by; "
            "leave it out, or choose another preset"
        )
    latency = strategy_of(given) == "latency-based-routing"
    for key, value in (
        ("latencyBuffer", given.latency_buffer),
        ("latencyWindowSeconds", given.latency_window_seconds),
    ):
        if value is not None and not latency:
            yield (
                f"routing.{key}: only latency-based routing has one; set routing.preset to "
                "latency, or leave it out"
            )


def _every_deployment_gets_requests(settings: Settings, _: object) -> Iterator[str]:
    """One without an order, or without the weight that others have, is never chosen."""
    for model in settings.models:
        with_order = [one for one in model.deployments if one.order is not None]
        if with_order and len(with_order) < len(model.deployments):
            yield (
                f"models.{model.name}.deployments: some have an order, and those without get no "
                "request then; give every one an order, or none"
            )
        for group in _alternatives(model.deployments):
            yield from _shares(settings, model, group)


def _alternatives(deployments: Sequence[Deployment]) -> list[list[Deployment]]:
    """Deployments that compete for the same requests."""
    groups: dict[object, list[Deployment]] = defaultdict(list)
    for deployment in deployments:
        groups[deployment.order, frozenset(deployment.tags)].append(deployment)
    return list(groups.values())


def _shares(settings: Settings, model: Model, group: Sequence[Deployment]) -> Iterator[str]:
    """The first of these that one has is the weight of all: router_strategy/simple_shuffle.py."""
    by_weight = strategy_of(settings.routing) == "simple-shuffle"
    for key, values in (
        ("weight", [one.weight for one in group]),
        ("requestsPerMinute", [one.requests_per_minute for one in group]),
        ("tokensPerMinute", [one.tokens_per_minute for one in group]),
    ):
        if not by_weight or all(value is None for value in values):
            continue
        if None in values:
            yield (
                f"models.{model.name}.deployments: {key} decides the share of each, and those "
                "without get no request; give every one a weight"
            )
        return


def _tags_lead_somewhere(settings: Settings, _: object) -> Iterator[str]:
    used: set[str] = set()
    for model in settings.models:
        tags = [set(deployment.tags) for deployment in model.deployments]
        used.update(*tags)
        if not any(tags):
            continue
        key = f"models.{model.name}.deployments"
        if not all(tags):
            yield (
                f"{key}: some have tags, and those without get no request then; give them the tag "
                f"{DEFAULT_TAG}"
            )
        if not any(DEFAULT_TAG in some for some in tags):
            yield (
                f"{key}: none has the tag {DEFAULT_TAG}, so requests without a tag would reach "
                "them all; give it to those that serve such requests"
            )
    for tag in settings.routing.tags.user_agents:
        if tag not in used:
            known = ", ".join(sorted(used)) or "none"
            yield f"routing.tags.userAgents.{tag}: no deployment has this tag; there are {known}"
    if settings.routing.tags.match == "all" and not used:
        yield "routing.tags.match: no deployment has tags; leave it out"


def _time_outs_end_with_the_request(settings: Settings, _: object) -> Iterator[str]:
    longest = settings.gateway.longest_stream_seconds
    timeouts = settings.routing.timeouts
    for key, seconds in (
        ("requestSeconds", timeouts.request_seconds),
        ("streamSeconds", timeouts.stream_seconds),
    ):
        if seconds is not None and seconds > longest:
            yield (
                f"routing.timeouts.{key}: {seconds} is above gateway.longestStreamSeconds "
                f"{longest}, when a pod that stops ends its requests; lower it, or raise that"
            )


def _special_cooldowns_need_cooldowns(settings: Settings, _: object) -> Iterator[str]:
    cooldown = settings.routing.cooldown
    if not cooldown.enabled and cooldown.model_fields_set - {"enabled"}:
        others = ", ".join(sorted(cooldown.model_fields_set - {"enabled"}))
        yield f"routing.cooldown: enabled is false, so {others} would do nothing; leave one out"


def _kept_answers_are_shared(settings: Settings, _: object) -> Iterator[str]:
    cache, pods = settings.response_cache, settings.gateway.maximum_replicas
    if cache.backend == "local" and pods > 1:
        yield (
            f"responseCache.backend: local is one pod's memory, and there are up to {pods} pods, "
            "each with answers of its own; choose redis, or set gateway.maximumReplicas to 1"
        )


def _protected_logs_hold_no_prompts(settings: Settings, _: object) -> Iterator[str]:
    gateway = settings.gateway
    if gateway.log_level == "DEBUG" and settings.durability is Durability.PROTECTED:
        yield (
            "gateway.logLevel: DEBUG prints prompts and answers, which a protected stack must not; "
            "choose INFO, or look in a disposable stack"
        )
    if "LITELLM_LOG" in gateway.environment:
        yield "gateway.environment.LITELLM_LOG: is gateway.logLevel; set that"


ROUTING_RULES: tuple[Callable[[Settings, object], Iterator[str]], ...] = (
    _fallbacks_lead_to_other_models,
    _presets_have_something_to_choose,
    _every_deployment_gets_requests,
    _tags_lead_somewhere,
    _time_outs_end_with_the_request,
    _special_cooldowns_need_cooldowns,
    _kept_answers_are_shared,
    _protected_logs_hold_no_prompts,
)
