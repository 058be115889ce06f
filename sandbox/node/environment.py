"""A container's variables, from ``envFrom`` and ``env``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.node import downward
from sandbox.node.expansion import expand
from sandbox.node.objects import Objects, Reference

_KEY_SOURCES = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}
_WHOLE_SOURCES = {"secretRef": "Secret", "configMapRef": "ConfigMap"}


def references(container: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the Secrets and ConfigMaps that the container's variables come from."""
    for source in container.get("envFrom", []):
        for name, kind in _WHOLE_SOURCES.items():
            if name in source:
                yield Reference(kind, source[name]["name"])
    for variable in container.get("env", []):
        for name, kind in _KEY_SOURCES.items():
            if chosen := (variable.get("valueFrom") or {}).get(name):
                yield Reference(kind, chosen["name"])


def build(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    objects: Objects,
    service: Mapping[str, str],
    rewrite: Callable[[str], str],
) -> dict[str, str]:
    """Return the variables as the kubelet makes them, with the paths of mounts rewritten.

    ``service`` are the variables of the API server's Service: every container gets them, and a
    variable of the pod may refer to them. MissingObject for a reference that is not optional.
    """
    variables: dict[str, str] = {}
    for source in container.get("envFrom", []):
        for name, kind in _WHOLE_SOURCES.items():
            if chosen := source.get(name):
                data = objects.read(Reference(kind, chosen["name"]), chosen.get("optional", False))
                prefix = source.get("prefix", "")
                variables |= {prefix + key: rewrite(text.decode()) for key, text in data.items()}
    for variable in container.get("env", []):
        if chosen := variable.get("valueFrom"):
            value = _value(pod, container, chosen, objects)
            if value is None:
                continue
            variables[variable["name"]] = rewrite(value)
        else:
            # Paths are rewritten before references are expanded: what an expanded variable
            # brings is already rewritten.
            text = rewrite(variable.get("value", ""))
            variables[variable["name"]] = expand(text, {**service, **variables})
    return {**service, **variables}


def _value(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    source: Mapping[str, Any],
    objects: Objects,
) -> str | None:
    if chosen := source.get("fieldRef"):
        return downward.field(pod, chosen["fieldPath"])
    if chosen := source.get("resourceFieldRef"):
        return downward.resource(container, chosen)
    for name, kind in _KEY_SOURCES.items():
        if chosen := source.get(name):
            reference = Reference(kind, chosen["name"])
            content = objects.key(reference, chosen["key"], chosen.get("optional", False))
            return None if content is None else content.decode()
    return ""
