"""TargetGroupBindings: which pods are the targets of which target group.

EKS's controller reads EndpointSlices. Those may not hold loopback addresses (the API server's
validation), so the endpoints of a Service are made here from its selector and the pods.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.load_balancer.configuration import Endpoint

_KNOWN = {"ipAddressType", "networking", "serviceRef", "targetGroupARN", "targetType", "vpcID"}

Object = Mapping[str, Any]


class BindingError(Exception):
    """A TargetGroupBinding cannot be followed; the text names it and the reason."""


def endpoints(binding: Object, services: Iterable[Object], pods: Iterable[Object]) -> set[Endpoint]:
    """Return where the ready pods of the binding's Service listen.

    A pod that is being deleted is not among them. BindingError for a Service or port that is not
    there and for what is not known of a binding.
    """
    metadata, spec = binding["metadata"], binding["spec"]
    name = f"TargetGroupBinding {metadata['namespace']}/{metadata['name']}"
    if unknown := sorted(spec.keys() - _KNOWN):
        raise BindingError(f"{name}: spec.{unknown[0]} is not supported by the sandbox")
    if spec.get("targetType", "ip") != "ip":
        raise BindingError(f"{name}: targetType {spec['targetType']!r} is not supported, only 'ip'")
    wanted = (metadata["namespace"], spec["serviceRef"]["name"])
    service = next((s for s in services if _key(s) == wanted), None)
    if service is None:
        raise BindingError(f"{name}: there is no Service {wanted[0]}/{wanted[1]}")
    port = spec["serviceRef"]["port"]
    target = _target_port(service, port)
    if target is None:
        raise BindingError(f"{name}: the Service {wanted[1]} has no port {port!r}")
    selector = service["spec"].get("selector") or {}
    return {
        Endpoint(pod["status"]["podIP"], number)
        for pod in pods
        if pod["metadata"]["namespace"] == metadata["namespace"]
        and selector.items() <= pod["metadata"].get("labels", {}).items()
        and selector
        and _is_ready(pod)
        and (number := _container_port(pod, target))
    }


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _target_port(service: Object, port: int | str) -> int | str | None:
    for entry in service["spec"].get("ports", []):
        if port in (entry["port"], entry.get("name")):
            return entry.get("targetPort") or entry["port"]
    return None


def _container_port(pod: Object, target: int | str) -> int | None:
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", []):
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return (
        not pod["metadata"].get("deletionTimestamp")
        and bool(pod.get("status", {}).get("podIP"))
        and any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    )
