"""What a destroy would do, found out before anything is touched."""

from collections import Counter
from dataclasses import dataclass

from ops.deployments.deployment import Deployment
from ops.destroy.cluster import Cluster, find_cluster
from ops.destroy.protection import Protection, protections
from ops.destroy.remains import Remains, foreseen
from ops.state.cluster_objects import cluster_objects
from ops.state.stack_state import Document, resources


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The stack as its state has it, what protects it, and what will be left of it."""

    document: Document
    protections: list[Protection]
    stays: list[Remains]
    cluster: Cluster | None
    objects: list[str]
    """URNs of what is in the cluster."""

    @classmethod
    def of(cls, document: Document, deployment: Deployment) -> "Plan":
        """Read a stack; raise ClientError or BotoCoreError where AWS does not answer."""
        return cls(
            document=document,
            protections=protections(document, deployment),
            stays=foreseen(document),
            cluster=find_cluster(document, deployment),
            objects=cluster_objects(document),
        )

    @property
    def count(self) -> int:
        """How many resources there are, the stack itself and its providers left out."""
        return sum(not str(one["type"]).startswith("pulumi:") for one in resources(self.document))

    @property
    def retained(self) -> int:
        """How many of them the engine only forgets."""
        return sum(bool(one.get("retainOnDelete")) for one in resources(self.document))

    @property
    def cluster_is_lost(self) -> bool:
        """Whether objects are known of a cluster that is not there any more."""
        return bool(self.objects) and (self.cluster is None or not self.cluster.exists)

    @property
    def cluster_is_silent(self) -> bool:
        """Whether the cluster is there and does not answer."""
        cluster = self.cluster
        return bool(self.objects and cluster and cluster.exists and cluster.api is None)

    def lines(self) -> list[str]:
        """Return the plan for people to read."""
        kinds = Counter(str(one["type"]).split(":")[0] for one in resources(self.document))
        told = [
            f"{self.count} resources ({kinds['aws']} in AWS, {len(self.objects)} in the cluster)"
        ]
        if self.cluster_is_lost:
            told.append("the cluster is gone: what was in it is dropped from the state")
        if self.cluster_is_silent and self.cluster:
            told.append(f"cluster {self.cluster.name} does not answer: {self.cluster.trouble}")
        told += [f"stays: {one.line}" for one in self.stays]
        told += [f"protected by {one.by}: {one.name}" for one in self.protections]
        return told

    def lift(self) -> list[str]:
        """Return the commands that lift the protections, each once."""
        return list(dict.fromkeys(one.lift for one in self.protections))
