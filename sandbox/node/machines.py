"""The nodes that the cluster sees: their registration and their heartbeat."""

import asyncio
import datetime
import logging
import os
from dataclasses import dataclass
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.node.downward import ALLOCATABLE
from sandbox.node.status import now
from sandbox.tool_versions import KUBERNETES_VERSION

_log = logging.getLogger(__name__)

_PROVIDER = "sandbox"
# The kubelet's nodeLeaseDurationSeconds, of which it renews a lease after a quarter.
_LEASE_SECONDS, _RENEWAL = 40, 10


@dataclass(frozen=True)
class Machine:
    """A node: its name, place among the nodes, and availability zone."""

    name: str
    index: int
    zone: str


def machines(region: str) -> tuple[Machine, ...]:
    """Return the nodes of every sandbox: three, one to a zone."""
    return tuple(
        Machine(f"node-{letter}", index, f"{region}{letter}") for index, letter in enumerate("abc")
    )


def labels(machine: Machine) -> dict[str, str]:
    return {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": machine.zone[:-1],
        "topology.kubernetes.io/zone": machine.zone,
    }


class Heartbeat:
    """Keeps the nodes registered, ready and their leases fresh."""

    def __init__(self, api: KubeApi, addresses: dict[Machine, str]) -> None:
        self._api = api
        self._addresses = addresses

    async def run(self) -> None:
        """Beat until cancelled; an API server that is away is tried again soon."""
        while True:
            try:
                await asyncio.to_thread(self._beat)
                pause = float(_RENEWAL)
            except ApiError as error:
                _log.info("heartbeat: %s", error)
                pause = 1
            await asyncio.sleep(pause)

    def _beat(self) -> None:
        nodes = {node["metadata"]["name"]: node for node in self._api.list("/api/v1/nodes")}
        for machine, address in self._addresses.items():
            self._renew_lease(machine)
            if not _is_ready(nodes.get(machine.name), address):
                self._register(machine, address)

    def _register(self, machine: Machine, address: str) -> None:
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": machine.name, "labels": labels(machine)},
        }
        self._api.apply(node, field_manager=_PROVIDER)
        self._api.patch_status(f"/api/v1/nodes/{machine.name}", {"status": _status(address)})

    def _renew_lease(self, machine: Machine) -> None:
        moment = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": machine.name, "namespace": "kube-node-lease"},
            "spec": {
                "holderIdentity": machine.name,
                "leaseDurationSeconds": _LEASE_SECONDS,
                "renewTime": moment,
            },
        }
        self._api.apply(lease, field_manager=_PROVIDER)


def _is_ready(node: dict[str, Any] | None, address: str) -> bool:
    if node is None:
        return False
    status = node.get("status", {})
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in status.get("conditions", [])
    )
    return ready and any(entry["address"] == address for entry in status.get("addresses", []))


def _status(address: str) -> dict[str, Any]:
    system = os.uname()
    healthy = {"reason": "KubeletReady", "message": "the sandbox's node runs pods as processes"}
    calm = {"MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}
    times = {"lastHeartbeatTime": now(), "lastTransitionTime": now()}
    return {
        "addresses": [{"type": "InternalIP", "address": address}],
        "capacity": ALLOCATABLE,
        "allocatable": ALLOCATABLE,
        "conditions": [
            {"type": kind, "status": value, **healthy, **times}
            for kind, value in {"Ready": "True", **calm}.items()
        ],
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": "",
            "containerRuntimeVersion": "sandbox://1",
            "kernelVersion": system.release,
            "kubeProxyVersion": "",
            "kubeletVersion": KUBERNETES_VERSION,
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": "",
            "systemUUID": "",
        },
    }
