"""Prometheus against a real API server: which pods it finds and how it asks them."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import pod_targets, prometheus, toolchain
from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.supervisor_client import SupervisorClient

TOKEN = "scrape-token"


class Metrics(BaseHTTPRequestHandler):
    """What a pod serves, to those who know the token."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"answered_total 42\n" if known else b"")

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def pod(cluster: Instance) -> Iterator[None]:
    """A running pod with two ports, of which one is called metrics."""
    api, address = KubeApi(cluster), f"{cluster.pod_network(0)}.9"
    container = {
        "name": "main",
        "image": "any",
        "ports": [
            {"name": "http", "containerPort": 4000},
            {"name": "metrics", "containerPort": 9100},
        ],
    }
    scraped = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "scraped"},
        "spec": {"containers": [container], "nodeName": "none"},
    }
    service_account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": "default"},
    }
    api.apply(service_account, field_manager="tests")
    made = api.create("/api/v1/namespaces/default/pods", scraped)
    made["status"] = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    api.patch_status("/api/v1/namespaces/default/pods/scraped", {"status": made["status"]})
    server = HTTPServer((address, 9100), Metrics)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()
    api.delete("/api/v1/namespaces/default/pods/scraped")


@pytest.mark.usefixtures("pod")
def test_a_running_pod_with_a_port_called_metrics_is_scraped_with_the_token(
    cluster: Instance, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    client = SupervisorClient(cluster)
    prometheus.start(client, toolchain.ensure(["prometheus"]), cluster, token)
    try:
        query = f"{cluster.prometheus_url}/api/v1/query"
        deadline = time.monotonic() + 30
        found: list[dict[str, Any]] = []
        while not found:
            assert time.monotonic() < deadline, "the pod was not scraped"
            time.sleep(0.2)
            found = httpx.get(query, params={"query": "answered_total"}).json()["data"]["result"]
        assert found[0]["value"][1] == "42"
        assert found[0]["metric"]["namespace"] == "default"
        assert found[0]["metric"]["pod"] == "scraped"
        assert found[0]["metric"]["instance"].endswith(":9100")
    finally:
        client.stop("prometheus")
        client.stop("prometheus-pods")


def test_who_watches_pods_may_not_read_secrets(cluster: Instance) -> None:
    prometheus.discovery(cluster)
    watcher = KubeApi.from_kubeconfig(pod_targets.kubeconfig(cluster))
    with pytest.raises(ApiError, match="cannot list resource"):
        watcher.list("/api/v1/secrets")


def test_pods_that_do_not_run_or_serve_no_metrics_are_not_scraped() -> None:
    ports = [{"name": "metrics", "containerPort": 9100}]
    running = {"phase": "Running", "podIP": "127.64.16.1"}

    def pod(name: str, ports: list[dict[str, object]], status: dict[str, str]) -> dict[str, object]:
        metadata = {"name": name, "namespace": "default"}
        return {"metadata": metadata, "spec": {"containers": [{"ports": ports}]}, "status": status}

    found = pod_targets.targets(
        [
            pod("scraped", ports, running),
            pod("done", ports, {**running, "phase": "Succeeded"}),
            pod("waiting", ports, {"phase": "Pending"}),
            pod("silent", [{"name": "http", "containerPort": 4000}], running),
            pod("unnamed", [{"containerPort": 9100}], running),
        ]
    )
    assert [target["labels"]["pod"] for target in found] == ["scraped"]
