"""Which requests the load balancer passes on. Pure: settings in, rules out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.setting_sections import LoadBalancerSettings

# A quota that cannot be raised:
# docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
VALUES_OF_A_RULE = 5

NEVER_SERVED = ("/metrics", "/metrics/*")

# What a virtual key is for: LiteLLM 1.106.2, litellm/proxy/_types.py, LiteLLMRoutes. Left out are
# routes that pass through to a provider, that keep files there, or that manage anything.
API_PATHS = (
    "/chat/completions",
    "/v1/chat/completions",
    "/completions",
    "/v1/completions",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/responses",
    "/responses/*",
    "/v1/responses",
    "/v1/responses/*",
    "/models",
    "/models/*",
    "/v1/models",
    "/v1/models/*",
    "/embeddings",
    "/v1/embeddings",
    "/rerank",
    "/v1/rerank",
    "/moderations",
    "/v1/moderations",
    "/images/generations",
    "/v1/images/generations",
    "/images/edits",
    "/v1/images/edits",
    "/audio/speech",
    "/v1/audio/speech",
    "/audio/transcriptions",
    "/v1/audio/transcriptions",
    "/health/liveliness",
    "/health/liveness",
)

NOT_FOUND: Any = {
    "type": "fixed-response",
    "fixed_response": {
        "content_type": "text/plain",
        "message_body": "not found",
        "status_code": "404",
    },
}


@dataclass(frozen=True, kw_only=True)
class ListenerRule:
    """A rule by its logical name: all conditions must hold; it forwards or answers 404.

    Its priority is its own whatever other rules there are: two rules cannot change places.
    """

    name: str
    priority: int
    conditions: tuple[Any, ...]
    forwards: bool


def listener_rules(settings: LoadBalancerSettings) -> list[ListenerRule]:
    """Return the rules of the listener that serves.

    Metrics are served under no name. With host names, one serves the API's paths and the other
    everything else, to the administrators' networks; what no rule matches is for the default.
    """
    never = {"path_pattern": {"values": list(NEVER_SERVED)}}
    rules = [ListenerRule(name="never-served", priority=1, conditions=(never,), forwards=False)]
    if host := settings.host_name:
        paths = tuple(dict.fromkeys((*API_PATHS, *settings.additional_api_paths)))
        rules += _forwarding("api", 101, host, "path_pattern", paths)
    if host := settings.admin_host_name:
        rules += _forwarding("admin", 201, host, "source_ip", settings.admin_cidrs)
    return rules


def serves_by_default(settings: LoadBalancerSettings) -> bool:
    """Whether requests that no rule matches are passed on, as they are without host names."""
    return settings.host_name is None


def _forwarding(
    name: str, priority: int, host: str, condition: str, values: Sequence[str]
) -> Iterator[ListenerRule]:
    # One value of each rule is the host name.
    size = VALUES_OF_A_RULE - 1
    for index in range(0, len(values), size):
        yield ListenerRule(
            name=f"{name}-{index // size + 1}",
            priority=priority + index // size,
            conditions=(
                {"host_header": {"values": [host]}},
                {condition: {"values": list(values[index : index + size])}},
            ),
            forwards=True,
        )
