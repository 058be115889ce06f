"""Where the node keeps what belongs to a pod."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.paths import Instance


@dataclass(frozen=True)
class PodPlaces:
    """The directories of one pod.

    Its logs have its name; its files have a short path, because a process may put a socket into
    its temporary directory, and a socket's path has 108 bytes at most (unix(7)).
    """

    logs: Path
    files: Path

    @property
    def volumes(self) -> Path:
        return self.files / "volumes"

    def container(self, name: str) -> Path:
        return self.files / name

    def temporary(self, name: str) -> Path:
        return self.container(name) / "tmp"

    def termination_message(self, name: str) -> Path:
        return self.container(name) / "termination-log"

    def kubeconfig(self, name: str) -> Path:
        return self.container(name) / "kubeconfig"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def logs_root(instance: Instance) -> Path:
    return instance.state / "pods"


def files_root(instance: Instance) -> Path:
    return instance.state / "run"


def places(instance: Instance, pod: Mapping[str, Any]) -> PodPlaces:
    """Return the directories of a pod, which need not exist yet."""
    metadata = pod["metadata"]
    identity = f"{metadata['namespace']}_{metadata['name']}_{metadata['uid']}"
    short = metadata["uid"].replace("-", "")[:12]
    return PodPlaces(logs=logs_root(instance) / identity, files=files_root(instance) / short)


def pod_logs(instance: Instance, name_prefix: str = "") -> list[Path]:
    """Return the logs of every container of the pods whose name begins so, the latest last.

    The log of a container's previous run is beside it and ends in ``.previous``.
    """
    found = [
        log
        for log in logs_root(instance).glob("*/*.log")
        if log.parent.name.split("_")[1].startswith(name_prefix)
    ]
    return sorted(found, key=lambda log: log.stat().st_mtime)
