"""What a model's cost tier is, as Prometheus rules: LiteLLM's metrics do not have it. Pure."""

from collections.abc import Mapping
from typing import Any

MODEL_TIER = "gateway:model_tier:info"


def model_tier_rules(tiers: Mapping[str, str], environment: str) -> dict[str, Any]:
    """Return a rule group that records 1 for each model, with its tier as a label.

    A query gets the tier of a metric's models by multiplying with it
    ``on (environment, requested_model) group_left (tier)``.
    """
    return {
        "name": "litellm-gateway.model-tiers",
        "rules": [
            {
                "record": MODEL_TIER,
                "expr": "vector(1)",
                "labels": {"environment": environment, "requested_model": model, "tier": tier},
            }
            for model, tier in tiers.items()
        ],
    }
