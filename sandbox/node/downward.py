"""The pod's own fields, as variables and files (the downward API)."""

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.node.features import UnsupportedFeature

# The resources that the contract of the nodes offers to pods.
ALLOCATABLE = {"cpu": "16", "memory": "64Gi", "ephemeral-storage": "100Gi", "pods": "50"}

_SUFFIXES = {
    "": Decimal(1), "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{unit + "i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}  # fmt: skip


def field(pod: Mapping[str, Any], path: str) -> str:
    """Return a field of the pod as ``fieldRef`` names it; UnsupportedFeature for another path."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    match path:
        case "metadata.name" | "metadata.namespace" | "metadata.uid":
            return metadata[path.removeprefix("metadata.")]
        case "metadata.labels" | "metadata.annotations":
            pairs = metadata.get(path.removeprefix("metadata."), {})
            return "\n".join(f'{name}="{_escape(pairs[name])}"' for name in sorted(pairs))
        case "spec.nodeName" | "spec.serviceAccountName":
            return spec.get(path.removeprefix("spec."), "")
        case "status.podIP" | "status.podIPs":
            return status.get("podIP", "")
        case "status.hostIP" | "status.hostIPs":
            return status.get("hostIP", "")
    for group in ("labels", "annotations"):
        if path.startswith(f"metadata.{group}['") and path.endswith("']"):
            return metadata.get(group, {}).get(path[len(f"metadata.{group}['") : -2], "")
    raise UnsupportedFeature(f"the sandbox's node does not know the field {path!r} of a pod")


def resource(container: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """Return a request or limit as ``resourceFieldRef`` names it, in units of its divisor.

    A limit that is not set is what the node has to give, as on a real node.
    """
    group, _, name = reference["resource"].partition(".")
    quantities = container.get("resources", {}).get(group, {})
    absent = ALLOCATABLE.get(name, "0") if group == "limits" else "0"
    divisor = quantity(str(reference.get("divisor") or "1")) or Decimal(1)
    return str(math.ceil(quantity(str(quantities.get(name, absent))) / divisor))


def quantity(text: str) -> Decimal:
    """Return the number that a Kubernetes quantity such as ``500m`` or ``2Gi`` stands for."""
    number = text.rstrip("".join(set("".join(_SUFFIXES))))
    suffix = text[len(number) :]
    if suffix not in _SUFFIXES:
        raise UnsupportedFeature(f"the sandbox's node does not know the quantity {text!r}")
    return Decimal(number) * _SUFFIXES[suffix]


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
