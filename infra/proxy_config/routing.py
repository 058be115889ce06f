"""``router_settings``: how the proxy chooses among deployments, and what it does when one fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.proxy_config.model_list import group_fallbacks, single_aliases
from infra.settings import Settings

# simple-shuffle is what LiteLLM recommends; the others keep their state in the cache.
RoutingStrategy = Literal[
    "simple-shuffle", "least-busy", "latency-based-routing", "cost-based-routing",
    "usage-based-routing-v2",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Routing:
    """How the proxy chooses among deployments, and what it does when one fails."""

    strategy: RoutingStrategy = "simple-shuffle"
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Model → models that answer in its place, in this order."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further name → model."""
    retries: int = 2
    allowed_failures: int = 3
    cooldown_seconds: int = 30


def routing(settings: Settings) -> Routing:
    """Return how requests of a stack are routed."""
    return Routing(
        fallbacks=group_fallbacks(settings),
        aliases=single_aliases(settings),
    )
