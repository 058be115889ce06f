"""What the inputs of a resource would have to be for the object as it stands in the cluster."""

import base64
from collections.abc import Mapping
from typing import Any

from sandbox.providers.properties import marked_like, plain

_MERGE_KEYS = ("name", "key", "type", "containerPort", "mountPath", "ip")


def current_inputs(
    inputs: Mapping[str, Any], recorded: Mapping[str, Any], live: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the inputs with what has changed in the cluster since the object was recorded.

    Only fields that the inputs set can differ; what the API server made of a field when it was
    applied (defaults, ``1000m`` as ``1``) is no change.
    """
    wanted = plain(inputs)
    found: dict[str, Any] = _merged(wanted, recorded, live)
    if isinstance(wanted.get("stringData"), dict):
        found["stringData"] = _string_data(wanted["stringData"], live.get("data") or {})
        if not found["stringData"]:
            del found["stringData"]
    marked: dict[str, Any] = marked_like(found, inputs)
    return marked


def _merged(wanted: Any, recorded: Any, live: Any) -> Any:
    if live == recorded:
        return wanted
    if isinstance(wanted, dict) and isinstance(live, dict):
        before = recorded if isinstance(recorded, dict) else {}
        return {
            key: _merged(value, before.get(key), live[key]) if key in live else value
            for key, value in wanted.items()
            if key in live or key not in before
        }
    if isinstance(wanted, list) and isinstance(live, list):
        before = recorded if isinstance(recorded, list) else []
        return [
            _merged(_partner(item, index, wanted), _partner(item, index, before), item)
            for index, item in enumerate(live)
        ]
    return live


def _partner(item: Any, index: int, others: list[Any]) -> Any:
    """Return the element of another list that means the same thing as this one."""
    if isinstance(item, dict):
        for key in _MERGE_KEYS:
            if key in item and all(isinstance(other, dict) and key in other for other in others):
                return next((other for other in others if other[key] == item[key]), None)
    return others[index] if index < len(others) else None


def _string_data(wanted: Mapping[str, Any], live: Mapping[str, str]) -> dict[str, Any]:
    return {
        key: base64.b64decode(live[key]).decode(errors="replace") for key in wanted if key in live
    }
