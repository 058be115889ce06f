"""Tells Prometheus what to scrape and to follow: ``python -m sandbox.pod_targets``.

Watches the objects of the Prometheus operator, services and pods. From them it keeps a file of
targets, which Prometheus reads whenever it changes, and files of rules, after which it asks
Prometheus to read them. Debian builds Prometheus without its discovery in Kubernetes.
"""

import argparse
import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from sandbox.kube_api import KubeApi
from sandbox.node.informer import Informer
from sandbox.operator_objects import Unsupported, rule_files, targets
from sandbox.paths import Instance
from sandbox.whole_file import write_file

_GROUP = "/apis/monitoring.coreos.com/v1"
_MONITORS = (f"{_GROUP}/servicemonitors", f"{_GROUP}/podmonitors")
_RULES = f"{_GROUP}/prometheusrules"
_SERVICES, _PODS = "/api/v1/services", "/api/v1/pods"
_RELOAD_SECONDS = 5
_log = logging.getLogger(__name__)


def targets_file(instance: Instance) -> Path:
    return instance.state / "prometheus" / "pods.json"


def kubeconfig(instance: Instance) -> Path:
    """Return the path of the kubeconfig with which all this is watched."""
    return instance.state / "prometheus" / "kubeconfig"


def rules_directory(instance: Instance) -> Path:
    """Return the folder whose .yaml files are rules."""
    return instance.state / "prometheus" / "rules"


class Follower:
    """Keeps Prometheus's files what the objects in the API server ask for."""

    def __init__(self, instance: Instance, api: KubeApi) -> None:
        self._instance = instance
        self._objects: dict[str, dict[str, Any]] = {}
        self._told: set[str] = set()
        self._written: set[str] = set()
        for path in (*_MONITORS, _RULES, _SERVICES, _PODS):
            self._objects[path] = {}
            update = self._write_rules if path == _RULES else self._write_targets
            Informer(
                api,
                path,
                changed=lambda obj, path=path, update=update: self._changed(path, obj, update),
                gone=lambda obj, path=path, update=update: self._gone(path, obj, update),
                listed=update,
            )

    def _changed(self, path: str, obj: dict[str, Any], update: Any) -> None:
        self._objects[path][obj["metadata"]["uid"]] = obj
        update()

    def _gone(self, path: str, obj: dict[str, Any], update: Any) -> None:
        self._objects[path].pop(obj["metadata"]["uid"], None)
        update()

    def _write_targets(self) -> None:
        services, pods = (list(self._objects[path].values()) for path in (_SERVICES, _PODS))
        found: list[Mapping[str, Any]] = []
        for path, kind in zip(_MONITORS, ("ServiceMonitor", "PodMonitor"), strict=True):
            for monitor in self._objects[path].values():
                try:
                    # Objects of a list do not say what they are.
                    found += targets({"kind": kind, **monitor}, services, pods)
                except Unsupported as error:
                    self._tell(str(error))
        _write(targets_file(self._instance), json.dumps(found, indent=1).encode())

    def _write_rules(self) -> None:
        folder = rules_directory(self._instance)
        files = rule_files(self._objects[_RULES].values())
        written = [_write(folder / name, content) for name, content in files.items()]
        stale = self._written - files.keys()
        for name in stale:
            (folder / name).unlink(missing_ok=True)
        self._written = set(files)
        if any(written) or stale:
            self._reload()

    def _reload(self) -> None:
        try:
            answer = httpx.post(
                f"{self._instance.prometheus_url}/-/reload", timeout=_RELOAD_SECONDS
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            # One that starts reads them by itself; one that refuses them says why in its log.
            self._tell(f"Prometheus did not take the rules: {error}")

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            _log.warning("%s", text)


def _write(file: Path, content: bytes) -> bool:
    """Write a file if that changes it, and return whether it does."""
    if file.exists() and file.read_bytes() == content:
        return False
    write_file(file, content)
    return True


async def follow(instance: Instance) -> None:
    """Follow the objects for as long as the program runs."""
    Follower(instance, KubeApi.from_kubeconfig(kubeconfig(instance)))
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.pod_targets", description=__doc__)
    parser.add_argument("--name", default=Instance.name)
    parser.add_argument("--slot", type=int, default=Instance.slot)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    asyncio.run(follow(Instance(arguments.name, arguments.slot)))


if __name__ == "__main__":
    main()
