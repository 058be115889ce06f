"""Prometheus: scrapes every pod that has a container port named ``metrics``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from sandbox.certificates import ca_bundle, issue, write_file
from sandbox.kube_api import KubeApi
from sandbox.paths import Instance
from sandbox.supervisor_client import ServiceSpec, SupervisorClient
from sandbox.toolchain import Tools

SCRAPE_INTERVAL = "2s"
_USER = "sandbox-prometheus"
_PORT = 9090


def start(
    client: SupervisorClient, tools: Tools, instance: Instance, token_file: Path | None = None
) -> None:
    """Have Prometheus run with the right to see every pod and nothing else of the cluster.

    ``token_file`` holds the bearer token that scraped pods ask for; it is read at each scrape.
    Raises SupervisorError when Prometheus does not get ready.
    """
    api = KubeApi(instance)
    for rights in _rights():
        api.apply(rights, field_manager="sandbox")
    client.start(service(tools, instance, token_file))


def service(tools: Tools, instance: Instance, token_file: Path | None = None) -> ServiceSpec:
    """Write Prometheus's configuration and return how it is run; POST /-/reload reads it anew."""
    directory = instance.state / "prometheus"
    rules_directory(instance).mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    settings = directory / "prometheus.yaml"
    write_file(settings, configuration(instance, token_file), 0o600)
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


def rules_directory(instance: Instance) -> Path:
    """Return the folder whose .yaml files are rules."""
    return instance.state / "prometheus" / "rules"


def configuration(instance: Instance, token_file: Path | None = None) -> bytes:
    """Return Prometheus's configuration for a sandbox."""
    identity = issue(instance, _USER, client=True)
    discovery = {
        "role": "pod",
        "api_server": instance.api_server_url,
        "tls_config": {
            "ca_file": str(ca_bundle(instance)),
            "cert_file": str(identity.certificate),
            "key_file": str(identity.key),
        },
    }
    scrape: dict[str, Any] = {
        "job_name": "pods",
        "kubernetes_sd_configs": [discovery],
        "relabel_configs": list(_relabeling()),
    }
    if token_file:
        scrape["authorization"] = {"type": "Bearer", "credentials_file": str(token_file)}
    settings = {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "evaluation_interval": SCRAPE_INTERVAL},
        "rule_files": [f"{rules_directory(instance)}/*.yaml"],
        "scrape_configs": [scrape],
    }
    return yaml.safe_dump(settings, sort_keys=False).encode()


def _relabeling() -> Iterable[dict[str, Any]]:
    # https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod
    prefix = "__meta_kubernetes"
    yield _keep(f"{prefix}_pod_container_port_name", "metrics")
    yield _keep(f"{prefix}_pod_phase", "Running")
    yield {"source_labels": [f"{prefix}_namespace"], "target_label": "namespace"}
    yield {"source_labels": [f"{prefix}_pod_name"], "target_label": "pod"}


def _keep(label: str, value: str) -> dict[str, Any]:
    return {"source_labels": [label], "regex": value, "action": "keep"}


def _rights() -> Iterable[dict[str, Any]]:
    group = "rbac.authorization.k8s.io"
    yield {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _USER},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
    }
    yield {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _USER},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": _USER},
        "subjects": [{"apiGroup": group, "kind": "User", "name": _USER}],
    }
