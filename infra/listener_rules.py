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

# What a virtual key reads of itself, by GET alone; LiteLLM takes whose it is from the key.
# LiteLLM 1.106.2, litellm/proxy: info_key_fn in management_endpoints/key_management_endpoints.py;
# _enforce_user_info_access and resolve_user_daily_activity_entity_ids in
# management_endpoints/internal_user_endpoints.py; model_group_info in proxy_server.py.
OWN_PATHS = (
    "/key/info",
    "/user/info",
    "/user/daily/activity",
    "/user/daily/activity/aggregated",
    "/model_group/info",
)
# Keys that belong to no user read each other there, if they know the other one's hash
# (_can_user_query_key_info compares two users that are None). So there is no asking for another
# key, however its parameter is written.
_OTHER_KEY = {
    "query_strings": [{"key": "key", "value": "*"}, {"key": "*%*", "value": "*"}],
}

# Whatever begins a session of the admin UI: litellm/proxy/proxy_server.py has /login, /v2/login,
# /v3/login, /fallback/login and /onboarding; management_endpoints/ui_sso.py has /sso. The proxy
# decodes a path before it looks for its route, so an encoded one could be any of them. In pairs,
# because a rule may have five wildcards.
_SIGN_IN_PATHS = (("*login*", "*%*"), ("/sso/*", "/onboarding/*"))
_WITH_A_KEY = {"http_header": {"http_header_name": "Authorization", "values": ["Bearer *"]}}

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
    signs_in: bool = False
    """Whether a browser signs in with the issuer before anything is forwarded."""


def listener_rules(settings: LoadBalancerSettings, *, signs_in: bool) -> list[ListenerRule]:
    """Return the rules of the listener that serves.

    Metrics are served under no name. With host names, one serves the API's paths and what a key
    reads of itself, the other everything else, to the administrators' networks; what no rule
    matches is for the default.

    Where the balancer ``signs_in``, the admin host name serves a browser after the issuer let it
    in. A program with a key, whose name the issuer does not know, is for LiteLLM to check; but no
    key leads past the issuer to what begins a session of the admin UI.
    """
    never = {"path_pattern": {"values": list(NEVER_SERVED)}}
    rules = [ListenerRule(name="never-served", priority=1, conditions=(never,), forwards=False)]
    if host := settings.host_name:
        paths = tuple(dict.fromkeys((*API_PATHS, *settings.additional_api_paths)))
        rules += _forwarding("api", 101, host, [], "path_pattern", paths)
        rules += _own_reads(host)
    if host := settings.admin_host_name:
        rules += _administration(host, settings.admin_cidrs, signs_in=signs_in)
    return rules


def serves_by_default(settings: LoadBalancerSettings) -> bool:
    """Whether requests that no rule matches are passed on, as they are without host names."""
    return settings.host_name is None


def _own_reads(host: str) -> Iterator[ListenerRule]:
    yield ListenerRule(
        name="other-keys",
        priority=131,
        conditions=(
            {"host_header": {"values": [host]}},
            {"path_pattern": {"values": [OWN_PATHS[0]]}},
            _OTHER_KEY,
        ),
        forwards=False,
    )
    reads = {"http_request_method": {"values": ["GET"]}}
    yield from _forwarding("own", 132, host, [reads], "path_pattern", OWN_PATHS)


def _administration(
    host: str, networks: Sequence[str], *, signs_in: bool
) -> Iterator[ListenerRule]:
    if signs_in:
        for name, priority, paths in zip(
            ("sign-in", "sso"), (141, 161), _SIGN_IN_PATHS, strict=True
        ):
            begins = {"path_pattern": {"values": list(paths)}}
            yield from _forwarding(
                name, priority, host, [begins], "source_ip", networks, signs_in=True
            )
        yield from _forwarding("admin-key", 181, host, [_WITH_A_KEY], "source_ip", networks)
    yield from _forwarding("admin", 201, host, [], "source_ip", networks, signs_in=signs_in)


def _forwarding(
    name: str,
    priority: int,
    host: str,
    further: Sequence[Any],
    condition: str,
    values: Sequence[str],
    *,
    signs_in: bool = False,
) -> Iterator[ListenerRule]:
    # One value of each rule is the host name.
    taken = 1 + sum(len(one["values"]) for each in further for one in each.values())
    size = VALUES_OF_A_RULE - taken
    for index in range(0, len(values), size):
        yield ListenerRule(
            name=f"{name}-{index // size + 1}",
            priority=priority + index // size,
            conditions=(
                {"host_header": {"values": [host]}},
                *further,
                {condition: {"values": list(values[index : index + size])}},
            ),
            forwards=True,
            signs_in=signs_in,
        )
