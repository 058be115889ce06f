"""A complete set of values for the chart, and ways to find what it made of them."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

CHART = Path(__file__).resolve().parents[2] / "charts" / "litellm-gateway"

VALUES: dict[str, Any] = {
    "serviceAccountName": "litellm-gateway",
    "configMap": {"name": "gateway-config-0123456789"},
    "certificatesConfigMap": "gateway-certificates-0123456789",
    "environment": {
        "DATABASE_URL": "postgresql://litellm_a:$(DATABASE_PASSWORD)@database.test:5432/litellm",
        "REDIS_HOST": "cache.test",
    },
    "secretEnvironment": [
        {"name": "LITELLM_MASTER_KEY", "secret": "master-key-1", "key": "key"},
        {"name": "DRAIN_TOKEN", "secret": "drain-token-1", "key": "token"},
        {"name": "DATABASE_PASSWORD", "secret": "database-1", "key": "password"},
    ],
    "networkPolicy": {
        "clientCidrs": ["10.40.0.0/20"],
        "database": {"cidrs": ["10.40.64.0/24"]},
        "cache": {"cidrs": ["10.40.65.0/24"]},
    },
}

Render = Callable[..., list[dict[str, Any]]]


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the changes laid over them; None takes a key out."""
    result = deepcopy(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def the(objects: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    """Return the one object of a kind (and name)."""
    found = [
        item
        for item in objects
        if item["kind"] == kind and name in (None, item["metadata"]["name"])
    ]
    assert len(found) == 1, [(item["kind"], item["metadata"]["name"]) for item in objects]
    return found[0]


def pod_specs(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the pod spec of every workload, by kind."""
    return {
        item["kind"]: item["spec"]["template"]["spec"]
        for item in objects
        if "template" in item.get("spec", {})
    }


def proxy(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the container of the proxy."""
    container: dict[str, Any] = pod_specs(objects)["Deployment"]["containers"][0]
    return container
