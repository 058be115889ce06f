"""EKS: the control plane, and the nodes that Auto Mode launches for the stack's pods."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from infra.versions import KUBERNETES_STANDARD_SUPPORT
from ops.cost.lines import CannotPrice, Costs, Item, known
from ops.cost.nodes import Instance, Node, NoInstance, Pod, place
from ops.cost.pods import (
    ADDON,
    AGENTS,
    RELEASE,
    WORKLOADS,
    monitoring_volumes,
    pods_of,
    running_pods,
)
from ops.cost.prices import HOURS_PER_MONTH, Price
from sandbox.planned_resources import PlannedResource

_CLUSTER = "aws:eks/cluster:Cluster"
_NODE_POOL = "kubernetes:karpenter.sh/v1:NodePool"
_NODE_CLASS = "kubernetes:eks.amazonaws.com/v1:NodeClass"
# Last day of standard support by version, with those that settings refuse by now:
# endoflife.date/amazon-eks.
STANDARD_SUPPORT = {
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    **KUBERNETES_STANDARD_SUPPORT,
}
# Of a NodeClass that says nothing of it:
# docs.aws.amazon.com/eks/latest/userguide/create-node-class.html
_DEFAULT_GIB = 80


def _cluster(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    version = known(resource, "version")
    last_day = STANDARD_SUPPORT.get(str(version))
    if last_day is None:
        raise CannotPrice(
            f"when standard support of Kubernetes {version} ends is not known; "
            "add it to infra/versions.py"
        )
    support = "standard" if costs.prices.date <= last_day else "extended"
    yield costs.fixed(f"control plane {version}, {support} support", f"eks.cluster.{support}")


def _node_pool(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    requirements = {
        requirement["key"]: requirement["values"]
        for requirement in known(resource, "spec", "template", "spec", "requirements")
        if requirement.get("operator") == "In"
    }
    if "on-demand" not in requirements.get("karpenter.sh/capacity-type", ["on-demand"]):
        raise CannotPrice("prices of spot instances change by the hour; the table has none")
    instances = _fitting(_instances(costs), requirements)
    nodes = _place(running_pods(costs), instances, zones=costs.settings.network.zone_count)
    yield from _nodes(nodes, costs, "pool", _ephemeral_gib(costs))
    if costs.usage.rollouts_per_month and nodes:
        yield from _rollouts(nodes, costs)


def _place(pods: Sequence[Pod], instances: Sequence[Instance], zones: int) -> list[Node]:
    try:
        return place(pods, instances, zones)
    except NoInstance as error:
        raise CannotPrice(str(error)) from error


def _daemons(costs: Costs) -> list[Pod]:
    return [pod for pod in running_pods(costs) if pod.daemon]


def _instances(costs: Costs) -> list[Instance]:
    prices = costs.prices.group("ec2.instance")
    return [Instance(type=name, hourly=price.amount) for name, price in prices.items()]


def _fitting(instances: list[Instance], requirements: dict[str, Any]) -> list[Instance]:
    architectures = requirements.get("kubernetes.io/arch", ["arm64", "amd64"])
    categories = requirements.get("eks.amazonaws.com/instance-category", ["c", "m", "r"])
    return [
        instance
        for instance in instances
        if ("arm64" if instance.arm else "amd64") in architectures
        and instance.type[0] in categories
    ]


def _nodes(nodes: list[Node], costs: Costs, pool: str, gib: int) -> Iterator[Item]:
    for name, count in sorted(Counter(node.instance.type for node in nodes).items()):
        price = costs.prices[f"ec2.instance:{name}"]
        yield costs.fixed(f"{pool}: {count} x {name}", price, count)
        yield costs.fixed(f"{pool}: Auto Mode's fee for them", _fee(price, costs), count)
    if nodes:
        yield costs.fixed(f"{pool}: {gib} GiB volume of each", "ebs.gp3", gib * len(nodes))


def _fee(price: Price, costs: Costs) -> Price:
    share = costs.prices["eks.auto-mode.share"]
    return Price(
        key=f"{share.key}:{price.key}",
        amount=price.amount * share.amount,
        unit="hour",
        source=share.source,
        date=share.date,
        confirmed=share.confirmed,
    )


def _rollouts(nodes: list[Node], costs: Costs) -> Iterator[Item]:
    """An update starts a pod more than there are, which needs a node for a while."""
    price = costs.prices[f"ec2.instance:{nodes[0].instance.type}"]
    hours = costs.usage.rollouts_per_month * costs.usage.rollout_hours
    yield costs.used("extra node of updates", price, hours)
    yield costs.used("Auto Mode's fee for it", _fee(price, costs), hours)


def _ephemeral_gib(costs: Costs) -> int:
    for node_class in costs.plan.of_type(_NODE_CLASS):
        size = known(node_class, "spec", "ephemeralStorage", "size", default=f"{_DEFAULT_GIB}Gi")
        return int(str(size).removesuffix("Gi"))
    return _DEFAULT_GIB


def _runs_on_nodes(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    """Pods are paid with their nodes, their volumes apart; an unknown chart is told by raising."""
    pods_of(resource, costs)
    for name, gib in monitoring_volumes(resource):
        yield costs.fixed(f"{name}: {gib} GiB volume", "ebs.gp3", gib)


def _addon(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    pods_of(resource, costs)
    if resource.inputs.get("addonName") in AGENTS:
        yield costs.fixed(
            "metrics that it publishes", "cloudwatch.metric", costs.usage.agent_metrics
        )
        observations = costs.usage.container_insights_series * 60 * HOURS_PER_MONTH
        yield costs.used(
            "Container Insights", "cloudwatch.container-insights", observations / 1_000_000
        )


def _volume(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    size = str(known(resource, "spec", "resources", "requests", "storage"))
    yield costs.fixed(f"{size} volume", "ebs.gp3", int(size.removesuffix("Gi")))


RULES = {
    _CLUSTER: _cluster,
    ADDON: _addon,
    _NODE_POOL: _node_pool,
    RELEASE: _runs_on_nodes,
    **dict.fromkeys(WORKLOADS, _runs_on_nodes),
    "kubernetes:core/v1:PersistentVolumeClaim": _volume,
}
