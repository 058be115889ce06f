"""Tells Prometheus which pods to scrape: ``python -m sandbox.pod_targets --name N --slot S``.

Debian builds Prometheus without its discovery in Kubernetes, so this watches the pods in its
place and keeps a file of targets, which Prometheus reads whenever it changes.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.certificates import write_file
from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance

PORT_NAME = "metrics"
_PODS = "/api/v1/pods"
_PAUSE = 1.0  # seconds before pods are listed again after a failure


def targets_file(instance: Instance) -> Path:
    return instance.state / "prometheus" / "pods.json"


def kubeconfig(instance: Instance) -> Path:
    """Return the path of the kubeconfig with which pods are watched."""
    return instance.state / "prometheus" / "kubeconfig"


def targets(pods: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the addresses of the ports called metrics of all running pods, with their labels."""
    return sorted(
        (
            {
                "targets": [f"{pod['status']['podIP']}:{port['containerPort']}"],
                "labels": {
                    "namespace": pod["metadata"]["namespace"],
                    "pod": pod["metadata"]["name"],
                },
            }
            for pod in pods
            if pod["status"].get("phase") == "Running" and pod["status"].get("podIP")
            for container in pod["spec"]["containers"]
            for port in container.get("ports", [])
            if port.get("name") == PORT_NAME
        ),
        key=lambda target: target["targets"],
    )


def follow(api: KubeApi, file: Path) -> None:
    """Keep the file right until the watch ends; raises ApiError."""
    listed, version = api.list_with_version(_PODS)
    pods = {pod["metadata"]["uid"]: pod for pod in listed}
    _write(file, pods.values())
    for kind, pod in api.watch(_PODS, version):
        if kind == "DELETED":
            pods.pop(pod["metadata"]["uid"], None)
        elif kind != "BOOKMARK":
            pods[pod["metadata"]["uid"]] = pod
        _write(file, pods.values())


def _write(file: Path, pods: Iterable[Mapping[str, Any]]) -> None:
    content = json.dumps(targets(pods), indent=1).encode()
    if not file.exists() or file.read_bytes() != content:
        write_file(file, content, 0o600)


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.pod_targets", description=__doc__)
    parser.add_argument("--name", default=Instance.name)
    parser.add_argument("--slot", type=int, default=Instance.slot)
    arguments = parser.parse_args()
    instance = Instance(arguments.name, arguments.slot)
    api = KubeApi.from_kubeconfig(kubeconfig(instance))
    while True:
        try:
            follow(api, targets_file(instance))
        except ApiError as error:
            print(f"pods are listed again: {error}", file=sys.stderr, flush=True)
            time.sleep(_PAUSE)


if __name__ == "__main__":
    main()
