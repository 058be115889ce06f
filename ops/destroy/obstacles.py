"""What holds a deletion up, and is taken out of the way: finalizers, pods, interfaces."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ops.deployments.deployment import Deployment, DeploymentError
from ops.destroy.cluster import Cluster, cluster_is_gone
from ops.state.stack_state import Document, resources
from sandbox.kube_api import ApiError, KubeApi, UnknownKind
from sandbox.stack_operations import Report

# What these finalizers guard goes with the stack anyway: the Secret that an ExternalSecret filled,
# the registrations in a target group. A binding whose target group is gone is never let go:
# https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2341
_GUARDED = (
    ("external-secrets.io/v1", "ExternalSecret"),
    ("external-secrets.io/v1", "ClusterSecretStore"),
    ("eks.amazonaws.com/v1", "TargetGroupBinding"),
    # External Secrets puts one on namespaces; https://github.com/external-secrets/
    # external-secrets/issues/6677. What Kubernetes itself has to do there is no finalizer of this
    # kind, and is waited for.
    ("v1", "Namespace"),
)
_POLL_SECONDS = 2.0
_NETWORK = "aws:ec2/vpc:Vpc"
_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_SUBNET = "aws:ec2/subnet:Subnet"


@dataclass
class Obstacles:
    """Looks for what hangs, takes it away, and keeps account of it in ``cleared``.

    An object of the cluster hangs when its deletion is older than ``patience`` and a finalizer
    holds it, or its pod's node does not let it go. An interface does when it is attached to
    nothing and the cluster is gone: until then one may be on its way to a node.
    """

    deployment: Deployment
    cluster: Cluster | None
    patience: timedelta
    networks: dict[str, list[str]]
    """Filters of EC2 that find the stack's interfaces, and their values."""
    region: str | None
    cleared: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, document: Document, deployment: Deployment, cluster: Cluster | None, patience: float
    ) -> "Obstacles":
        """Return the obstacles that the resources of a state may meet."""
        networks: dict[str, list[str]] = {}
        region = None
        for resource in resources(document):
            filter_name = {_NETWORK: "vpc-id", _GROUP: "group-id", _SUBNET: "subnet-id"}.get(
                resource["type"]
            )
            if filter_name and resource.get("custom") and not resource.get("external"):
                networks.setdefault(filter_name, []).append(str(resource["id"]))
                region = (resource.get("outputs") or {}).get("region") or region
        return cls(deployment, cluster, timedelta(seconds=patience), networks, region)

    def clear(self, report: Report) -> int:
        """Look once; return how much was taken out of the way. What cannot be asked is passed."""
        before = len(self.cleared)
        for found in (self._in_cluster(), self._interfaces(report)):
            try:
                for one in found:
                    self.cleared.append(one)
                    report(one)
            except (ApiError, BotoCoreError, ClientError, DeploymentError) as error:
                report(f"not looked at: {error}")
        return len(self.cleared) - before

    @contextmanager
    def cleared_meanwhile(self, report: Report) -> Iterator[None]:
        """Look again and again, beside the engine, until the block ends."""
        over = threading.Event()

        def run() -> None:
            while not over.wait(_POLL_SECONDS):
                self.clear(report)

        watching = threading.Thread(target=run, daemon=True)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _in_cluster(self) -> Iterator[str]:
        if self.cluster is None or self.cluster.api is None:
            return
        api = self.cluster.api
        try:
            for version, kind in _GUARDED:
                try:
                    path = api.collection_path(version, kind)
                except UnknownKind:
                    continue
                yield from self._held(api, version, kind, api.list(path))
            yield from self._stuck_pods(api)
        except ApiError as error:
            if error.status != 0:  # 0: the cluster has gone meanwhile
                raise

    def _held(
        self, api: KubeApi, version: str, kind: str, objects: list[dict[str, Any]]
    ) -> Iterator[str]:
        for one in objects:
            metadata = one["metadata"]
            finalizers = metadata.get("finalizers") or []
            if finalizers and self._is_late(metadata):
                place = {"apiVersion": version, "kind": kind, "metadata": metadata}
                try:
                    api.patch(api.path_of(place), {"metadata": {"finalizers": None}})
                except ApiError as error:
                    if error.status != 404:
                        raise
                    continue
                yield f"{kind} {_name(metadata)}: took away {', '.join(finalizers)}"

    def _stuck_pods(self, api: KubeApi) -> Iterator[str]:
        for pod in api.list("/api/v1/pods"):
            metadata = pod["metadata"]
            if self._is_late(metadata):
                path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
                api.delete(path, uid=metadata["uid"], gracePeriodSeconds=0)
                yield f"Pod {_name(metadata)}: its node {pod['spec'].get('nodeName')} is silent"

    def _is_late(self, metadata: dict[str, Any]) -> bool:
        # Of a pod it is the end of its grace period.
        if not (asked := metadata.get("deletionTimestamp")):
            return False
        return datetime.now(UTC) - datetime.fromisoformat(asked) > self.patience

    def _interfaces(self, report: Report) -> Iterator[str]:
        if not self.networks or not cluster_is_gone(self.deployment, self.cluster):
            return
        ec2 = self.deployment.aws("ec2", self.region)
        seen = set()
        for name, values in self.networks.items():
            filters = [
                {"Name": name, "Values": values},
                {"Name": "status", "Values": ["available"]},
            ]
            for one in ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]:
                identifier = one["NetworkInterfaceId"]
                if identifier in seen:
                    continue
                seen.add(identifier)
                try:
                    ec2.delete_network_interface(NetworkInterfaceId=identifier)
                except ClientError as error:
                    # One that is gone, or that AWS keeps; the others must not wait for it.
                    report(f"interface {identifier} stays: {error}")
                    continue
                yield f"interface {identifier} ({one.get('Description') or 'no description'})"


def _name(metadata: dict[str, Any]) -> str:
    return "/".join(filter(None, (metadata.get("namespace"), metadata["name"])))
