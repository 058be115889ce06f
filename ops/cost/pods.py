"""Which pods a stack runs all the time, from its settings and the objects that it makes.

Values of the gateway's own release are not known in a preview, so its pods come from the settings.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ops.cost.lines import CannotPrice, Costs
from ops.cost.nodes import Pod
from sandbox.planned_resources import PlannedResource, Unknown

RELEASE = "kubernetes:helm.sh/v3:Release"
ADDON = "aws:eks/addon:Addon"
WORKLOADS = (
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
)
GATEWAY = "gateway"
MONITORING = "kube-prometheus-stack"

# Requests of charts that the stack takes from others, with the values it sets: nothing but what
# is set, because these charts' defaults request nothing
# (github.com/external-secrets/external-secrets, deploy/charts/external-secrets/values.yaml).
_CHARTS: dict[str, tuple[Pod, ...]] = {
    "external-secrets": tuple(
        Pod(name=name)
        for name in ("external-secrets", "external-secrets-webhook", "external-secrets-cert")
    ),
}
# Add-ons of EKS. What each requests was not seen in a document (docs/not-confirmed.md):
# metrics-server from its manifest (github.com/kubernetes-sigs/metrics-server, manifests/base),
# CloudWatch's from its chart (github.com/aws-observability/helm-charts).
_ADDONS: dict[str, tuple[Pod, ...]] = {
    "metrics-server": tuple(
        Pod(name=f"metrics-server-{index}", cpu=100, memory=200, spread="metrics-server")
        for index in range(2)
    ),
    "amazon-cloudwatch-observability": (
        Pod(name="cloudwatch-agent", cpu=250, memory=128, daemon=True),
        Pod(name="fluent-bit", cpu=50, memory=100, daemon=True),
        Pod(name="cloudwatch-controller", cpu=100, memory=64),
    ),
    "eks-pod-identity-agent": (),
    "eks-node-monitoring-agent": (),
}  # fmt: skip
AGENTS = ("amazon-cloudwatch-observability",)
_BINARY = {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024, "": 1 / 1024**2}


def pods_of(resource: PlannedResource, costs: Costs) -> list[Pod]:
    """Return the pods of one resource; raise :class:`CannotPrice` for an unknown chart."""
    if resource.type == RELEASE:
        return list(_release(resource, costs))
    if resource.type == ADDON:
        return list(_addon(resource))
    if resource.type in WORKLOADS:
        return list(_workload(resource))
    return []


def running_pods(costs: Costs) -> list[Pod]:
    """Return every pod of the stack that can be told; the rest is reported by its own resource."""
    pods: list[Pod] = []
    for resource in costs.plan.resources:
        try:
            pods += pods_of(resource, costs)
        except CannotPrice:
            continue
    return pods


def _release(resource: PlannedResource, costs: Costs) -> Iterator[Pod]:
    if resource.inputs.get("name") == GATEWAY:
        settings, wanted = costs.settings.gateway, costs.usage.average_replicas
        replicas = settings.replicas if wanted is None else round(wanted)
        for index in range(replicas):
            yield Pod(
                name=f"gateway-{index}",
                cpu=millicpus(settings.cpu),
                memory=settings.memory_mib,
                spread=GATEWAY,
            )
        return
    chart = str(resource.inputs.get("chart", "")).rpartition("/")[2]
    if chart == MONITORING:
        yield from monitoring_pods(resource)
        return
    if chart not in _CHARTS:
        raise CannotPrice(f"what the pods of chart {chart} request is not known")
    yield from _CHARTS[chart]


def monitoring_pods(resource: PlannedResource) -> Iterator[Pod]:
    """Return the chart's pods with the requests that the stack sets; its defaults request none."""
    values = resource.inputs["values"]
    grafana = values["grafana"]
    parts = {
        "prometheus-operator": [values["prometheusOperator"]],
        "prometheus": [values["prometheus"]["prometheusSpec"]],
        "alertmanager": [values["alertmanager"]["alertmanagerSpec"]],
        # One sidecar each for dashboards and data sources.
        "grafana": [grafana, grafana["sidecar"], grafana["sidecar"]],
        "kube-state-metrics": [values["kube-state-metrics"]],
    }
    for name, containers in parts.items():
        requests = [_requests(container) for container in containers]
        yield Pod(
            name=name,
            cpu=sum(cpu for cpu, _ in requests),
            memory=sum(memory for _, memory in requests),
        )


def monitoring_volumes(resource: PlannedResource) -> Iterator[tuple[str, int]]:
    """Yield the volumes that the chart's pods claim, each with its GiB."""
    if str(resource.inputs.get("chart")) != MONITORING:
        return
    values = resource.inputs["values"]
    for name, claimed in (
        ("Prometheus", values["prometheus"]["prometheusSpec"]["storageSpec"]),
        ("Alertmanager", values["alertmanager"]["alertmanagerSpec"]["storage"]),
    ):
        size = claimed["volumeClaimTemplate"]["spec"]["resources"]["requests"]["storage"]
        yield name, int(str(size).removesuffix("Gi"))


def _addon(resource: PlannedResource) -> Iterator[Pod]:
    name = str(resource.inputs.get("addonName"))
    if name not in _ADDONS:
        raise CannotPrice(f"what the pods of add-on {name} request is not known")
    values = resource.inputs.get("configurationValues")
    configured = json.loads(values) if isinstance(values, str) else {}
    count = configured.get("replicas")
    pods = _ADDONS[name] if count is None else _ADDONS[name][:1] * int(count)
    agent = configured.get("agent", {}).get("resources")
    for pod in pods:
        if agent and pod.name == "cloudwatch-agent":
            cpu, memory = _requests({"resources": agent})
            pod = replace(pod, cpu=cpu, memory=memory)
        yield pod


def _workload(resource: PlannedResource) -> Iterator[Pod]:
    spec = resource.inputs.get("spec") or {}
    template = (spec.get("template") or {}).get("spec") or {}
    containers = template.get("containers")
    if not isinstance(containers, list):
        raise CannotPrice("spec.template.spec.containers is not known in a preview")
    requests = [_requests(container) for container in containers]
    daemon = resource.type.endswith(":DaemonSet")
    replicas = 1 if daemon else spec.get("replicas", 1)
    for _ in range(int(replicas)):
        yield Pod(
            name=resource.name,
            cpu=sum(cpu for cpu, _ in requests),
            memory=sum(memory for _, memory in requests),
            spread=resource.name if template.get("topologySpreadConstraints") else None,
            daemon=daemon,
        )


def _requests(container: Any) -> tuple[int, int]:
    resources = container.get("resources") or {}
    requests = resources.get("requests") or {}
    if isinstance(resources, Unknown) or isinstance(requests, Unknown):
        raise CannotPrice("requests of a container are not known in a preview")
    return millicpus(str(requests.get("cpu", "0"))), mebibytes(str(requests.get("memory", "0")))


def millicpus(text: str) -> int:
    """Return thousandths of a CPU of a Kubernetes quantity such as ``500m`` or ``1``."""
    return int(text[:-1]) if text.endswith("m") else round(float(text) * 1000)


def mebibytes(text: str) -> int:
    """Return MiB of a Kubernetes quantity such as ``4Gi`` or ``64Mi``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|)", text)
    if not match:
        raise CannotPrice(f"{text!r} is not a memory quantity")
    return round(float(match[1]) * _BINARY[match[2]])
