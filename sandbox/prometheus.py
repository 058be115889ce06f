"""Prometheus: scrapes and follows what the Prometheus operator's objects in the cluster ask for."""

import sys
from collections.abc import Iterable
from typing import Any

import yaml

from sandbox import pod_targets
from sandbox.control_plane import write_kubeconfig
from sandbox.kube_api import KubeApi
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.pod_targets import rules_directory
from sandbox.supervisor_client import ServiceSpec, SupervisorClient
from sandbox.toolchain import Tools
from sandbox.whole_file import write_file

SCRAPE_INTERVAL = "2s"
_USER = "sandbox-prometheus"
_PORT = 9090
_WATCHED = {
    "": ["pods", "services"],
    "monitoring.coreos.com": ["podmonitors", "prometheusrules", "servicemonitors"],
}


def start(client: SupervisorClient, tools: Tools, instance: Instance) -> None:
    """Have Prometheus run, and beside it the watch on what it is to scrape, which sees no more.

    Raises SupervisorError when Prometheus does not get ready.
    """
    api = KubeApi(instance)
    for rights in _rights():
        api.apply(rights, field_manager="sandbox")
    prometheus = service(tools, instance)
    client.start(discovery(instance))
    client.start(prometheus)


def service(tools: Tools, instance: Instance) -> ServiceSpec:
    """Write Prometheus's configuration and return how it is run.

    POST /-/reload makes it read rules and configuration anew.
    """
    directory = instance.state / "prometheus"
    rules_directory(instance).mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    settings = directory / "prometheus.yaml"
    write_file(settings, configuration(instance))
    flags = {
        "config.file": settings,
        "storage.tsdb.path": directory / "data",
        "storage.tsdb.retention.time": "2d",
        "web.listen-address": f"{instance.address('prometheus')}:{_PORT}",
        "web.external-url": instance.prometheus_url,
    }
    return ServiceSpec(
        name="prometheus",
        command=(
            str(tools["prometheus"]),
            *(f"--{name}={value}" for name, value in flags.items()),
            "--web.enable-lifecycle",
        ),
        ready_url=f"{instance.prometheus_url}/-/ready",
    )


def discovery(instance: Instance) -> ServiceSpec:
    """Write the credentials of the watch and return how it is run."""
    write_kubeconfig(instance, pod_targets.kubeconfig(instance), _USER)
    arguments = ("--name", instance.name, "--slot", str(instance.slot))
    return ServiceSpec(
        name="prometheus-pods",
        command=(sys.executable, "-m", pod_targets.__name__, *arguments),
        directory=str(PROJECT_ROOT),
    )


def configuration(instance: Instance) -> bytes:
    """Return Prometheus's configuration for a sandbox."""
    scrape: dict[str, Any] = {
        "job_name": "pods",
        "file_sd_configs": [{"files": [str(pod_targets.targets_file(instance))]}],
    }
    settings = {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "evaluation_interval": SCRAPE_INTERVAL},
        "rule_files": [f"{rules_directory(instance)}/*.yaml"],
        "scrape_configs": [scrape],
    }
    return yaml.safe_dump(settings, sort_keys=False).encode()


def _rights() -> Iterable[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    yield {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _USER},
        "rules": [
            {"apiGroups": [api_group], "resources": resources, "verbs": ["get", "list", "watch"]}
            for api_group, resources in _WATCHED.items()
        ],
    }
    yield {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _USER},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": _USER},
        "subjects": [{"apiGroup": group, "kind": "User", "name": _USER}],
    }
