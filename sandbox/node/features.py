"""What the node makes of each field of a pod spec.

Every field of a pod spec is in one of the lists below: honoured, or without meaning for processes
of one machine. A field that is in neither fails the pod with its name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

HONOURED = {
    "pod": {
        "activeDeadlineSeconds", "automountServiceAccountToken", "containers", "initContainers",
        "nodeName", "restartPolicy", "serviceAccount", "serviceAccountName",
        "terminationGracePeriodSeconds", "volumes",
    },
    "container": {
        "args", "command", "env", "envFrom", "image", "lifecycle", "livenessProbe", "name",
        "readinessProbe", "resources", "startupProbe", "terminationMessagePath",
        "terminationMessagePolicy", "volumeMounts", "workingDir",
    },
    "port": {"containerPort", "name", "protocol"},
    "probe": {
        "exec", "failureThreshold", "httpGet", "initialDelaySeconds", "periodSeconds",
        "successThreshold", "tcpSocket", "terminationGracePeriodSeconds", "timeoutSeconds",
    },
    "lifecycle": {"preStop"},
    "hook": {"exec", "httpGet", "sleep"},
    "mount": {"mountPath", "name", "subPath"},
    "volume": {"configMap", "downwardAPI", "emptyDir", "name", "projected", "secret"},
    "source": {"configMap", "downwardAPI", "secret", "serviceAccountToken"},
    "variable": {"name", "value", "valueFrom"},
    "value": {"configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef"},
}  # fmt: skip

# Honoured by the scheduler or the API server, or about what a process of this machine does not
# have: an isolated file system, a network of its own, limits, a cluster's DNS.
WITHOUT_MEANING = {
    "pod": {
        "affinity", "dnsPolicy", "enableServiceLinks", "hostUsers", "imagePullSecrets",
        "nodeSelector", "os", "overhead", "preemptionPolicy", "priority", "priorityClassName",
        "resources", "runtimeClassName", "schedulerName", "schedulingGates", "securityContext",
        "tolerations", "topologySpreadConstraints",
    },
    "container": {"imagePullPolicy", "ports", "resizePolicy", "securityContext"},
    "mount": {"readOnly"},
}  # fmt: skip


class UnsupportedFeature(Exception):
    """A pod asks for what the node cannot do; the text names every such field."""


def check(spec: Mapping[str, Any]) -> None:
    """Raise UnsupportedFeature, naming each field of the pod spec that cannot be honoured."""
    if fields := sorted(_unsupported(spec)):
        raise UnsupportedFeature(f"the sandbox's node does not support {', '.join(fields)}")


def _unsupported(spec: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown("pod", spec, "spec")
    for index, volume in enumerate(spec.get("volumes", [])):
        path = f"spec.volumes[{index}]"
        yield from _unknown("volume", volume, path)
        for number, source in enumerate(volume.get("projected", {}).get("sources", [])):
            yield from _unknown("source", source, f"{path}.projected.sources[{number}]")
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group, [])):
            yield from _unsupported_of_container(container, f"spec.{group}[{index}]")


def _unsupported_of_container(container: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _unknown("container", container, path)
    for index, port in enumerate(container.get("ports", [])):
        yield from _unknown("port", port, f"{path}.ports[{index}]")
    for index, mount in enumerate(container.get("volumeMounts", [])):
        yield from _unknown("mount", mount, f"{path}.volumeMounts[{index}]")
    for index, variable in enumerate(container.get("env", [])):
        source = variable.get("valueFrom") or {}
        yield from _unknown("variable", variable, f"{path}.env[{index}]")
        yield from _unknown("value", source, f"{path}.env[{index}].valueFrom")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield from _unknown("probe", container.get(probe) or {}, f"{path}.{probe}")
    lifecycle = container.get("lifecycle") or {}
    yield from _unknown("lifecycle", lifecycle, f"{path}.lifecycle")
    yield from _unknown("hook", lifecycle.get("preStop") or {}, f"{path}.lifecycle.preStop")


def _unknown(kind: str, value: Mapping[str, Any], path: str) -> Iterator[str]:
    known = HONOURED[kind] | WITHOUT_MEANING.get(kind, set())
    # An empty or false field asks for nothing, such as hostNetwork: false; an empty object does
    # (emptyDir: {}).
    return (
        f"{path}.{name}"
        for name, content in value.items()
        if name not in known and content not in (None, False, [], "")
    )
