"""Whether what scales fits into what does not: connections, memory, nodes, addresses. Pure.

A cache is always there, so replicas share their limits however many there are.
"""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from infra.database_classes import MEMORY_GIB, max_connections
from infra.settings import Settings
from infra.subnets import plan_subnets

# The chart starts one worker in a pod; Kubernetes adds pods instead.
WORKERS_A_POD = 1
# 1 vCPU and 4 GiB for a worker: docs.litellm.ai/docs/proxy/prod
MEMORY_FLOOR_MIB = 4096

# While pods roll, old ones keep their pools until their last stream has ended.
_POOLS_IN_A_ROLLOUT = 2
# The migration, the job that makes users and the archiver, two each.
_JOB_CONNECTIONS = 6
# Of what RDS's formula says. Its memory is less than the class's: of 112 connections that it gives
# a class of 1 GiB, 81 to 87 are reported. A few are RDS's own, and a person needs some.
_RESERVE_PERCENT = 30

# The chart's maxSurge.
_SURGE = 1
# Controllers beside the gateway, on its nodes: vCPUs.
_OTHER_CPUS = 2

# Auto Mode gives a node prefixes of 16 addresses and keeps one warm:
# docs.aws.amazon.com/eks/latest/userguide/auto-networking.html
_PREFIX_ADDRESSES = 16
_PREFIXES_A_NODE = 2
_ADDRESSES_A_NODE = 1 + _PREFIXES_A_NODE * _PREFIX_ADDRESSES
# Of the pods that are not the gateway's; with the smallest instances, and room to spare.
_OTHER_NODES = 3
# Five of each subnet are AWS's (docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html); the
# rest is for the load balancer, interface endpoints and the control plane's interfaces.
_RESERVED_ADDRESSES = 5 + 32


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much of something the gateway takes at full scale, and how much there is."""

    what: str
    needed: int
    offered: int

    @property
    def fits(self) -> bool:
        return self.needed <= self.offered


def capacity_rooms(settings: Settings) -> tuple[Room, ...]:
    """Return the figures that the rules compare; of an existing network they are not known."""
    cpus = _cpus(settings)
    found = [
        Room(what="database connections", needed=_pools(settings), offered=_usable(settings)),
        Room(what="MiB for a worker", needed=MEMORY_FLOOR_MIB, offered=_worker_mib(settings)),
        Room(what="vCPUs of nodes", needed=cpus, offered=settings.cluster.cpu_limit),
    ]
    network = settings.network
    if not network.existing:
        private = plan_subnets(network.cidr, network.zone_count).private
        needed, free = _node_addresses(settings), _free_addresses(private)
        found.append(Room(what="addresses, with a zone lost", needed=needed, offered=free))
    return tuple(found)


def capacity_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence, with its arithmetic, for everything that does not fit at full scale."""
    yield from _connections(settings)
    yield from _memory(settings)
    yield from _nodes(settings)
    yield from _addresses(settings)


def _connections(settings: Settings) -> Iterator[str]:
    gateway, instance = settings.gateway, settings.database.instance_class
    needed, usable = _pools(settings), _usable(settings)
    offered = max_connections(instance)
    if needed <= usable:
        return
    larger = next(
        (
            name
            for name in sorted(MEMORY_GIB, key=MEMORY_GIB.__getitem__)
            if max_connections(name) * (100 - _RESERVE_PERCENT) // 100 >= needed
        ),
        None,
    )
    way_out = f"choose a class with more memory, such as {larger}, or lower" if larger else "lower"
    yield (
        f"gateway.maximumReplicas: {_POOLS_IN_A_ROLLOUT} (old and new pods of a roll-out) * "
        f"{gateway.maximum_replicas} replicas * {WORKERS_A_POD} worker * "
        f"{gateway.database_connections} connections + {_JOB_CONNECTIONS} for jobs = {needed} "
        f"connections; {instance} has {offered}, of which {usable} are usable (a reserve of "
        f"{_RESERVE_PERCENT} %); {way_out} maximumReplicas or databaseConnections"
    )


def _pools(settings: Settings) -> int:
    """The connections that old and new pods of a roll-out hold, with those of jobs."""
    gateway = settings.gateway
    pods = _POOLS_IN_A_ROLLOUT * gateway.maximum_replicas * WORKERS_A_POD
    return pods * gateway.database_connections + _JOB_CONNECTIONS


def _usable(settings: Settings) -> int:
    offered = max_connections(settings.database.instance_class)
    return offered * (100 - _RESERVE_PERCENT) // 100


def _worker_mib(settings: Settings) -> int:
    return settings.gateway.memory_mib // WORKERS_A_POD


def _memory(settings: Settings) -> Iterator[str]:
    a_worker = _worker_mib(settings)
    waived = settings.capacity.waive_memory_floor is not None
    if a_worker < MEMORY_FLOOR_MIB and not waived:
        yield (
            f"gateway.memoryMib: {settings.gateway.memory_mib} MiB / {WORKERS_A_POD} worker = "
            f"{a_worker} MiB, below the {MEMORY_FLOOR_MIB} MiB that LiteLLM documents for a "
            "worker; raise it, or give the reason in capacity.waiveMemoryFloor"
        )
    if a_worker >= MEMORY_FLOOR_MIB and waived:
        yield (
            f"capacity.waiveMemoryFloor: gateway.memoryMib {settings.gateway.memory_mib} meets the "
            "floor; remove the waiver"
        )


def _nodes(settings: Settings) -> Iterator[str]:
    a_node, needed = _node_cpus(settings.gateway.cpu), _cpus(settings)
    if needed > settings.cluster.cpu_limit:
        yield (
            f"cluster.cpuLimit: {settings.gateway.maximum_replicas} replicas + {_SURGE} during a "
            f"roll-out, each on a node of {a_node} vCPUs at worst, + {_OTHER_CPUS} for controllers "
            f"= {needed} vCPUs, above {settings.cluster.cpu_limit}; raise cpuLimit or lower "
            "gateway.maximumReplicas"
        )


def _cpus(settings: Settings) -> int:
    pods = settings.gateway.maximum_replicas + _SURGE
    return pods * _node_cpus(settings.gateway.cpu) + _OTHER_CPUS


def _node_cpus(request: str) -> int:
    """The smallest node, in vCPUs, that holds a pod and what the node itself needs."""
    thousandths = int(request[:-1]) if request.endswith("m") else int(request) * 1000
    cpus = 2
    while cpus * 1000 <= thousandths:
        cpus *= 2
    return cpus


def _addresses(settings: Settings) -> Iterator[str]:
    network = settings.network
    if not network.existing:  # its subnets' sizes are looked up, and checked then
        private = plan_subnets(network.cidr, network.zone_count).private
        yield from address_problems(settings, private)


def address_problems(settings: Settings, private: Sequence[str]) -> Iterator[str]:
    """Yield a sentence when the private subnets cannot hold every node with a zone lost."""
    free, needed, nodes = _free_addresses(private), _node_addresses(settings), _node_count(settings)
    if needed > free:
        yield (
            f"network.cidr: {settings.gateway.maximum_replicas} replicas + {_SURGE} during a "
            f"roll-out + {_OTHER_NODES} other nodes = {nodes} nodes at worst, each with 1 "
            f"address + {_PREFIXES_A_NODE} prefixes of {_PREFIX_ADDRESSES} = {needed} addresses; "
            f"with one zone lost, the private subnets {', '.join(private)} have {free}; "
            "take a larger network or lower gateway.maximumReplicas"
        )


def _free_addresses(private: Sequence[str]) -> int:
    # With a zone lost, the others take its nodes.
    left = private[: len(private) - 1]
    return sum(ipaddress.IPv4Network(cidr).num_addresses - _RESERVED_ADDRESSES for cidr in left)


def _node_count(settings: Settings) -> int:
    return settings.gateway.maximum_replicas + _SURGE + _OTHER_NODES


def _node_addresses(settings: Settings) -> int:
    return _node_count(settings) * _ADDRESSES_A_NODE
