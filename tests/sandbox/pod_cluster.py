"""A real control plane whose nodes run the pods of tests."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from control_planes import running_control_plane
from pod_programs import IMAGE, SERVER

from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.supervisor_client import ServiceSpec, SupervisorClient

_PATIENCE = 30
Result = TypeVar("Result")
Object = dict[str, Any]


def until(condition: Callable[[], Result], patience: float = _PATIENCE) -> Result:
    """Return what a condition gives as soon as that is true."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s; the last was {found!r}")
        time.sleep(0.02)
    return found


def node_service(instance: Instance) -> ServiceSpec:
    """The node agent with the images of tests."""
    script = str(Path(__file__).with_name("pod_programs.py"))
    return ServiceSpec(
        name="node",
        command=(sys.executable, script, "--name", instance.name, "--slot", str(instance.slot)),
        environment={"PYTHONPATH": str(PROJECT_ROOT)},
    )


@dataclass(frozen=True)
class Cluster:
    """The cluster, and short ways to make and see its objects."""

    instance: Instance
    api: KubeApi
    supervisor: SupervisorClient

    def create(self, api_version: str, kind: str, name: str, **content: Any) -> Object:
        obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **content}
        return self.api.apply(obj, field_manager="test")

    def pod(self, name: str) -> Object:
        return self.api.get(f"/api/v1/namespaces/default/pods/{name}")

    def pods(self, app: str) -> list[Object]:
        return self.api.list("/api/v1/namespaces/default/pods", labelSelector=f"app={app}")

    def wait_for_pod(self, name: str, condition: Callable[[Object], Any]) -> Object:
        def check() -> Object | None:
            pod = self.pod(name)
            return pod if condition(pod) else None

        found = until(check)
        assert found is not None
        return found

    def delete_pod(self, name: str) -> None:
        self.api.delete(f"/api/v1/namespaces/default/pods/{name}")

    def is_gone(self, name: str) -> bool:
        try:
            self.pod(name)
        except ApiError as error:
            return error.status == 404
        return False


@contextmanager
def running_cluster(instance: Instance) -> Iterator[Cluster]:
    """Bring up a control plane and its nodes, with the server's program as a ConfigMap."""
    with running_control_plane(instance):
        supervisor = SupervisorClient(instance)
        supervisor.start(node_service(instance))
        cluster = Cluster(instance, KubeApi(instance), supervisor)
        cluster.create("v1", "ConfigMap", "program", data={"server.py": SERVER})
        yield cluster
        supervisor.stop("node")


def container(*command: str, **fields: Any) -> Object:
    """A container that runs Python with the given arguments."""
    return {"name": "main", "image": IMAGE, "args": list(command), **fields}


def pod_spec(*containers: Object, **fields: Any) -> Object:
    return {"containers": list(containers), **fields}


def server(**fields: Any) -> Object:
    """The pod spec of a server on port 8080 of its own address."""
    address = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    main = container(
        "/etc/program/server.py",
        ports=[{"name": "http", "containerPort": 8080}],
        readinessProbe={"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 1},
        volumeMounts=[{"name": "program", "mountPath": "/etc/program"}],
    )
    main |= fields.pop("main", {})
    main["env"] = [address, *main.get("env", [])]
    volumes = [{"name": "program", "configMap": {"name": "program"}}, *fields.pop("volumes", [])]
    return pod_spec(main, volumes=volumes, terminationGracePeriodSeconds=10, **fields)


def deployment(app: str, replicas: int, spec: Object, **fields: Any) -> Object:
    labels = {"app": app}
    return {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": spec},
        **fields,
    }


def is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def main_status(pod: Mapping[str, Any]) -> Object:
    """The status of the pod's container; empty before there is one."""
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return statuses[0]


def state(pod: Mapping[str, Any], kind: str) -> Object:
    return main_status(pod).get("state", {}).get(kind) or {}


def ask(pod: Mapping[str, Any], path: str = "/", timeout: float = 10) -> Object:
    """Return what the server of a pod answers."""
    return httpx.get(f"http://{pod['status']['podIP']}:8080{path}", timeout=timeout).json()
