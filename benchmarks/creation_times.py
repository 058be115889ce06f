"""What each planned resource takes to create, from ``creation_times.yaml``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.settings import Settings
from sandbox.planned_resources import PlannedResource

FILE = Path(__file__).with_name("creation_times.yaml")
RELEASE = "kubernetes:helm.sh/v3:Release"
_JOB = "kubernetes:batch/v1:Job"
_EXTERNAL_SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"  # noqa: S105 - a type
_TARGETS = "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding"


@dataclass(frozen=True, kw_only=True)
class CreationTimes:
    """Published times in seconds; ``warm_nodes``: nodes come up beside the gateway's release."""

    document: dict[str, Any]
    settings: Settings
    warm_nodes: bool = False

    def seconds(self, resource: PlannedResource) -> float:
        """Return how long the engine waits for a resource."""
        if not resource.custom:
            return 0.0
        if resource.type == RELEASE:
            return self._release(resource)
        if is_warm_up(resource):
            return self.phase("object")
        if resource.type == _JOB:
            return self.phase("image-pull-small") + self.phase("database-users")
        if resource.type == _EXTERNAL_SECRET:
            return self.phase("secret-sync")
        if resource.type == _TARGETS:
            return self.phase("target-registration")
        if variant := _variant(resource):
            return float(self.document["variants"][variant]["seconds"])
        if entry := self.document["resources"].get(resource.type):
            return float(entry["seconds"])
        others = self.document["others"].items()
        return next(
            (float(entry["seconds"]) for start, entry in others if resource.type.startswith(start)),
            0.0,
        )

    def phase(self, name: str) -> float:
        """Return how long a wait inside of the cluster takes."""
        return float(self.document["phases"][name]["seconds"])

    @property
    def node(self) -> float:
        """From a pod that fits nowhere to its image on a node of its own."""
        return self.phase("node-launch") + self.phase("image-pull-gateway")

    @property
    def rollout(self) -> float:
        """From the start of the proxy's pods to a release that counts as done."""
        return self.phase("proxy-start") + self.settings.gateway.minimum_ready_seconds

    def _release(self, resource: PlannedResource) -> float:
        if resource.inputs.get("name") != "gateway":
            launch = self.phase("node-launch") + self.phase("image-pull-small")
            return launch + self.phase("external-secrets-ready")
        node = 0.0 if self.warm_nodes else self.node
        return node + self.phase("migration") + self.rollout

    def unconfirmed(self) -> list[str]:
        """Return what has an estimate instead of a published time."""
        return sorted(
            name
            for part in ("resources", "variants", "phases")
            for name, entry in self.document[part].items()
            if not entry.get("confirmed", True)
        )


def load_times(settings: Settings, warm_nodes: bool = False) -> CreationTimes:
    """Read the table; raise ValueError for an entry that has neither a source nor a doubt."""
    document = yaml.safe_load(FILE.read_text())
    for part in ("resources", "variants", "others", "phases"):
        for name, entry in document[part].items():
            if entry.get("source") not in document["sources"] and entry.get("confirmed", True):
                raise ValueError(f"{name} needs a source, or confirmed: false")
    return CreationTimes(document=document, settings=settings, warm_nodes=warm_nodes)


def is_warm_up(resource: PlannedResource) -> bool:
    """Tell whether a resource is the Job that nothing waits for (infra/warm_up.py)."""
    return resource.type == _JOB and resource.name == "warm-up"


def _variant(resource: PlannedResource) -> str | None:
    if resource.type == "aws:rds/instance:Instance" and resource.inputs.get("multiAz") is True:
        return "rds-standby"
    if resource.type == "aws:elasticache/replicationGroup:ReplicationGroup":
        nodes = resource.inputs.get("numCacheClusters")
        if isinstance(nodes, int | float) and nodes > 1:
            return "cache-replicas"
    return None
