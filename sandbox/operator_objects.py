"""What objects of the Prometheus operator ask Prometheus to do: pods to scrape, rules to follow.

Stands in for the operator, as far as this project's objects go: what it does not know of a
ServiceMonitor or PodMonitor is an error that names the field, and never left out in silence.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

Object = Mapping[str, Any]

_MONITOR = {"selector", "endpoints", "podMetricsEndpoints", "namespaceSelector"}
# The interval is the sandbox's own, so that nobody waits for a scrape.
_ENDPOINT = {
    *("port", "path", "scheme", "honorLabels", "relabelings"),
    *("interval", "scrapeTimeout"),
}


class Unsupported(Exception):
    """A monitor asks for what only the operator can do; the text names the field."""


def targets(monitor: Object, services: Iterable[Object], pods: Iterable[Object]) -> list[Object]:
    """Return the targets of one ServiceMonitor or PodMonitor, with the labels of the operator.

    Raises :class:`Unsupported`.
    """
    spec, name = monitor["spec"], f"{monitor['kind']} {monitor['metadata']['name']}"
    _require(f"{name}: spec", spec, _MONITOR)
    selected = list(_running(pods, _namespaces(name, monitor)))
    if monitor["kind"] == "PodMonitor":
        chosen = [pod for pod in selected if _matches(name, spec["selector"], pod)]
        found = [
            target
            for endpoint in spec["podMetricsEndpoints"]
            for pod in chosen
            for target in _targets(name, endpoint, endpoint.get("port"), pod, {})
        ]
    else:
        found = [
            target
            for service in services
            if service["metadata"]["namespace"] in _namespaces(name, monitor)
            and _matches(name, spec["selector"], service)
            for endpoint in spec["endpoints"]
            for target in _of_service(name, endpoint, service, selected)
        ]
    return sorted(found, key=lambda target: target["targets"])


def rule_files(rules: Iterable[Object]) -> dict[str, bytes]:
    """Return a rule file for each PrometheusRule, by its name."""
    return {
        f"{rule['metadata']['namespace']}-{rule['metadata']['name']}.yaml": yaml.safe_dump(
            {"groups": rule["spec"].get("groups", [])}, sort_keys=False
        ).encode()
        for rule in rules
    }


def _of_service(
    name: str, endpoint: Object, service: Object, pods: Iterable[Object]
) -> Iterator[Object]:
    ports = {port.get("name"): port for port in service["spec"].get("ports", [])}
    selector = service["spec"].get("selector")
    if endpoint.get("port") not in ports or not selector:
        return
    port = ports[endpoint["port"]]
    labels = {"service": service["metadata"]["name"], "job": service["metadata"]["name"]}
    for pod in pods:
        same = pod["metadata"]["namespace"] == service["metadata"]["namespace"]
        if same and selector.items() <= pod["metadata"].get("labels", {}).items():
            yield from _targets(name, endpoint, port.get("targetPort", port["port"]), pod, labels)


def _targets(
    name: str, endpoint: Object, port: str | int | None, pod: Object, labels: Mapping[str, str]
) -> Iterator[Object]:
    _require(f"{name}: endpoint", endpoint, _ENDPOINT)
    metadata = pod["metadata"]
    for container in pod["spec"]["containers"]:
        for entry in container.get("ports", []):
            if port not in (entry.get("name"), entry["containerPort"]):
                continue
            yield {
                "targets": [f"{pod['status']['podIP']}:{entry['containerPort']}"],
                "labels": {
                    "__metrics_path__": endpoint.get("path", "/metrics"),
                    "__scheme__": endpoint.get("scheme", "http"),
                    "job": f"{metadata['namespace']}/{name.partition(' ')[2]}",
                    "namespace": metadata["namespace"],
                    "pod": metadata["name"],
                    "container": container["name"],
                    "endpoint": str(endpoint["port"]),
                    **labels,
                    **_fixed_labels(name, endpoint),
                },
            }


def _fixed_labels(name: str, endpoint: Object) -> dict[str, str]:
    """Return the labels that a relabeling gives whatever the target is."""
    labels = {}
    for rule in endpoint.get("relabelings", []):
        _require(f"{name}: relabeling", rule, {"targetLabel", "replacement", "action"})
        if rule.get("action", "replace").lower() != "replace":
            raise Unsupported(f"{name}: relabeling: action {rule['action']} is the operator's only")
        labels[rule["targetLabel"]] = rule["replacement"]
    return labels


def _namespaces(name: str, monitor: Object) -> set[str]:
    selector = monitor["spec"].get("namespaceSelector") or {}
    _require(f"{name}: namespaceSelector", selector, {"matchNames"})
    return set(selector.get("matchNames", [monitor["metadata"]["namespace"]]))


def _matches(name: str, selector: Object, obj: Object) -> bool:
    _require(f"{name}: selector", selector, {"matchLabels"})
    wanted = selector.get("matchLabels", {})
    return wanted.items() <= obj["metadata"].get("labels", {}).items()


def _running(pods: Iterable[Object], namespaces: set[str]) -> Iterator[Object]:
    for pod in pods:
        status = pod.get("status", {})
        if (
            pod["metadata"]["namespace"] in namespaces
            and status.get("phase") == "Running"
            and status.get("podIP")
        ):
            yield pod


def _require(where: str, given: Object, known: set[str]) -> None:
    if unknown := sorted(given.keys() - known):
        raise Unsupported(f"{where}.{unknown[0]} is the operator's only, which does not run here")
