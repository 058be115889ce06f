"""What the presets of routing stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.setting_sections import RoutingSettings
    from infra.setting_sections.routing import Preset, Strategy


@dataclass(frozen=True, kw_only=True)
class PresetOptions:
    """What a preset stands for, as long as no setting says otherwise."""

    strategy: Strategy
    retries: int
    cooldown_seconds: int


# Whatever the strategy, LiteLLM takes the lowest `order` that is not cooling down, and goes on to
# the next one when a request has failed there after its retries (litellm/router.py).
PRESETS: Mapping[Preset, PresetOptions] = {
    "balanced": PresetOptions(strategy="simple-shuffle", retries=2, cooldown_seconds=30),
    "cost": PresetOptions(strategy="cost-based-routing", retries=2, cooldown_seconds=30),
    "latency": PresetOptions(strategy="latency-based-routing", retries=2, cooldown_seconds=30),
    "failover": PresetOptions(strategy="simple-shuffle", retries=0, cooldown_seconds=60),
}


def strategy_of(routing: RoutingSettings) -> Strategy:
    """Return LiteLLM's strategy: the one that is named, else the preset's."""
    return routing.strategy or PRESETS[routing.preset].strategy
