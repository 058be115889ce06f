"""Which EC2 instances Auto Mode launches for pods: the cheapest that hold their requests.

Auto Mode runs Karpenter, which takes the cheapest instances that fit and moves pods together later
(docs.aws.amazon.com/eks/latest/userguide/auto-cost-control.html).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Virtual CPUs by size, and MiB for each by category: aws.amazon.com/ec2/instance-types. Auto Mode
# launches nothing with a single CPU (…/userguide/automode-learn-instances.html).
_CPUS = {"large": 2, "xlarge": 4, "2xlarge": 8}
_MEMORY_FOR_CPU = {"c": 2048, "m": 4096, "r": 8192}

# What Karpenter takes off an instance's memory before it knows the node
# (vmMemoryOverheadPercent), and what Kubernetes keeps for itself on Bottlerocket with the most
# pods that a node takes: karpenter.sh/docs/concepts/nodeclasses. Auto Mode's own figures are not
# published; these are the larger ones, so the estimate errs on the dear side.
_MEMORY_OVERHEAD = 0.075
_PODS = 110
_RESERVED_MIB = 255 + 11 * _PODS
_EVICTION_MIB = 100


class NoInstance(Exception):
    """Pods that no instance of the table holds."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """Requests of a pod, in thousandths of a CPU and in MiB.

    ``spread`` is the group whose pods go to different zones, ``daemon`` a pod of every node.
    """

    name: str
    cpu: int = 0
    memory: int = 0
    spread: str | None = None
    daemon: bool = False


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance type with what pods may have of it, and its price for an hour in USD."""

    type: str
    hourly: float

    @property
    def cpu(self) -> int:
        """Thousandths of a CPU: 6 % of the first are kept back, 1 % of the second, and so on."""
        cpus = self.cpus
        shares = [0.06, 0.01, 0.005, 0.005, *[0.0025] * cpus]
        return cpus * 1000 - round(1000 * sum(shares[:cpus]))

    @property
    def cpus(self) -> int:
        return _CPUS[self.type.partition(".")[2]]

    @property
    def memory(self) -> int:
        """MiB that pods may request."""
        installed = self.cpus * _MEMORY_FOR_CPU[self.type[0]]
        return math.floor(installed * (1 - _MEMORY_OVERHEAD)) - _RESERVED_MIB - _EVICTION_MIB

    @property
    def arm(self) -> bool:
        """Graviton's families have a g after the generation."""
        return "g" in self.type.partition(".")[0][2:]

    def holds(self, pods: Iterable[Pod]) -> bool:
        """Tell whether the requests of all pods fit together."""
        requests = list(pods)
        return (
            sum(pod.cpu for pod in requests) <= self.cpu
            and sum(pod.memory for pod in requests) <= self.memory
        )


@dataclass(frozen=True, kw_only=True)
class Node:
    """One instance and the pods on it."""

    instance: Instance
    pods: tuple[Pod, ...]


def place(pods: Sequence[Pod], instances: Sequence[Instance], zones: int) -> list[Node]:
    """Return the nodes of a pool; raise :class:`NoInstance` for a pod that nothing holds.

    Pods of a spread group go to the zones in turn, each with nodes of its own; the others go where
    they cost least. Every node has its daemons.
    """
    daemons = [pod for pod in pods if pod.daemon]
    by_zone: list[list[Pod]] = [[] for _ in range(zones)]
    for index, pod in enumerate(_spread(pods)):
        by_zone[index % zones].append(pod)
    loose = sorted((pod for pod in pods if not pod.daemon and not pod.spread), key=_size)
    for pod in reversed(loose):
        cheapest = min(by_zone, key=lambda zone: _rise(zone, pod, daemons, instances))
        cheapest.append(pod)
    return [node for zone in by_zone for node in _pack(zone, daemons, instances)]


def _spread(pods: Sequence[Pod]) -> Iterator[Pod]:
    for group in dict.fromkeys(pod.spread for pod in pods if pod.spread and not pod.daemon):
        yield from (pod for pod in pods if pod.spread == group and not pod.daemon)


def _size(pod: Pod) -> tuple[int, int]:
    return pod.memory, pod.cpu


def _rise(zone: list[Pod], pod: Pod, daemons: list[Pod], instances: Sequence[Instance]) -> float:
    before = sum(node.instance.hourly for node in _pack(zone, daemons, instances))
    after = sum(node.instance.hourly for node in _pack([*zone, pod], daemons, instances))
    return after - before


def _pack(pods: list[Pod], daemons: list[Pod], instances: Sequence[Instance]) -> list[Node]:
    """Return the cheapest of: nodes of one size, filled largest pod first, then each shrunk."""
    if not pods:
        return []
    packings = [packing for size in instances if (packing := _fill(pods, daemons, size))]
    if not packings:
        largest = max(pods, key=_size)
        raise NoInstance(
            f"no instance of the price table holds pod {largest.name} "
            f"({largest.cpu}m CPU, {largest.memory} MiB)"
        )
    shrunk = [[_shrink(bin_, instances) for bin_ in packing] for packing in packings]
    return min(shrunk, key=lambda nodes: sum(node.instance.hourly for node in nodes))


def _fill(pods: list[Pod], daemons: list[Pod], size: Instance) -> list[list[Pod]] | None:
    bins: list[list[Pod]] = []
    for pod in sorted(pods, key=_size, reverse=True):
        if not size.holds([*daemons, pod]):
            return None
        room = next((bin_ for bin_ in bins if size.holds([*bin_, pod])), None)
        if room is None:
            bins.append([*daemons, pod])
        else:
            room.append(pod)
    return bins


def _shrink(pods: list[Pod], instances: Sequence[Instance]) -> Node:
    fitting = [instance for instance in instances if instance.holds(pods)]
    return Node(instance=min(fitting, key=lambda each: each.hourly), pods=tuple(pods))
