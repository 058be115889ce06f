"""What the API server says of a pod, and how long pods may take."""

from collections.abc import Mapping
from typing import Any

from infra.settings import Settings

# Beyond the longest stream: start of a pod, its readiness, and its successor's.
_ROLL_SECONDS = 600


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether every container is ready, and every readiness gate is passed."""
    conditions = pod.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def longest_roll_out(settings: Settings) -> int:
    """Return for how many seconds a roll-out of the gateway is waited for."""
    return _ROLL_SECONDS + settings.gateway.longest_stream_seconds
