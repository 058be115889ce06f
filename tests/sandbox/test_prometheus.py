"""Prometheus against a real API server: it does what the operator's objects ask for."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from infra.alert_rules import AlertRulesContext, rule_groups
from infra.observability import service_monitor
from sandbox import pod_targets, prometheus, toolchain
from sandbox.kube_api import ApiError, KubeApi
from sandbox.operator_objects import Unsupported, rule_files, targets
from sandbox.paths import Instance
from sandbox.providers.kubernetes.charts import SUBSTITUTES
from sandbox.supervisor_client import SupervisorClient

CRDS = SUBSTITUTES / "kube-prometheus-stack" / "crds"
T = TypeVar("T")
LABELS = {"app.kubernetes.io/instance": "gateway", "app.kubernetes.io/component": "proxy"}


class Metrics(BaseHTTPRequestHandler):
    """What a pod serves, under the path with the slash alone."""

    def do_GET(self) -> None:
        found = self.path == "/metrics/"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"answered_total 42\n" if found else b"")

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the output of the tests clean."""


def eventually(read: Callable[[], T], wanted: str) -> T:
    deadline = time.monotonic() + 60
    while not (found := read()):
        assert time.monotonic() < deadline, wanted
        time.sleep(0.2)
    return found


def monitor() -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "gateway", "namespace": "default"},
        "spec": service_monitor(30, "tests"),
    }


def service(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "gateway", "namespace": "default", "labels": LABELS},
        "spec": {
            "selector": {"app": "proxy"},
            "ports": [
                {"name": "http", "port": 4000, "targetPort": "http"},
                {"name": "metrics", "port": 9100, "targetPort": "metrics"},
            ],
            **changes,
        },
    }


def pod(address: str, name: str = "scraped", phase: str = "Running") -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "any",
        "ports": [
            {"name": "http", "containerPort": 4000},
            {"name": "metrics", "containerPort": 9100},
        ],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "proxy"}},
        "spec": {"containers": [container], "nodeName": "none"},
        "status": {"phase": phase, "podIP": address, "podIPs": [{"ip": address}]},
    }


@pytest.fixture
def api(cluster: Instance) -> KubeApi:
    """An API server that knows the operator's objects."""
    api = KubeApi(cluster)
    for file in CRDS.glob("*.yaml"):
        api.apply(yaml.safe_load(file.read_text()), "tests")

    def served() -> bool:
        try:
            return bool(api.kind("monitoring.coreos.com/v1", "ServiceMonitor"))
        except ApiError:
            return False

    eventually(served, "ServiceMonitor is not served")
    return api


@pytest.fixture
def scraped(cluster: Instance, api: KubeApi) -> Iterator[None]:
    """A pod that serves metrics, its service and the gateway's own monitor."""
    address = f"{cluster.pod_network(0)}.9"
    account = {"name": "default", "namespace": "default"}
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}, "tests")
    wanted = pod(address)
    api.create("/api/v1/namespaces/default/pods", wanted)
    api.patch_status("/api/v1/namespaces/default/pods/scraped", {"status": wanted["status"]})
    for obj in (service(), monitor()):
        api.apply(obj, "tests")
    server = HTTPServer((address, 9100), Metrics)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()
    for obj in (pod(address), service(), monitor()):
        api.delete(api.path_of(obj))


@pytest.fixture
def running(cluster: Instance, api: KubeApi) -> Iterator[Instance]:
    client = SupervisorClient(cluster)
    prometheus.start(client, toolchain.ensure(["prometheus"]), cluster)
    yield cluster
    client.stop("prometheus")
    client.stop("prometheus-pods")


@pytest.mark.usefixtures("scraped")
def test_a_pod_is_scraped_as_the_monitor_of_the_gateway_says(running: Instance) -> None:
    def asked() -> list[dict[str, Any]]:
        url = f"{running.prometheus_url}/api/v1/query"
        found: list[dict[str, Any]] = httpx.get(url, params={"query": "answered_total"}).json()[
            "data"
        ]["result"]
        return found

    (series, *_) = eventually(asked, "the pod was not scraped")
    assert series["value"][1] == "42"
    labels = series["metric"]
    assert labels["instance"].endswith(":9100")
    assert {name: labels[name] for name in ("namespace", "pod", "job", "environment")} == {
        "namespace": "default",
        "pod": "scraped",
        "job": "gateway",
        "environment": "tests",
    }


def test_prometheus_follows_the_rules_that_the_api_server_has(
    running: Instance, api: KubeApi
) -> None:
    rules = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "gateway", "namespace": "default"},
        "spec": {"groups": rule_groups(AlertRulesContext())},
    }

    def groups() -> list[str]:
        answer = httpx.get(f"{running.prometheus_url}/api/v1/rules").json()
        return [group["name"] for group in answer["data"]["groups"]]

    api.apply(rules, "tests")
    eventually(lambda: "litellm-gateway.availability" in groups(), "the rules were not read")
    api.delete(api.path_of(rules))
    eventually(lambda: groups() == [], "the rules were not forgotten")


def test_the_definition_refuses_a_rule_without_an_expression(api: KubeApi) -> None:
    rules = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "wrong", "namespace": "default"},
        "spec": {"groups": [{"name": "a", "rules": [{"alert": "NoExpression"}]}]},
    }
    with pytest.raises(ApiError, match=r"rules\[0\]\.expr"):
        api.apply(rules, "tests")


def test_who_watches_may_not_read_secrets(cluster: Instance) -> None:
    prometheus.discovery(cluster)
    watcher = KubeApi.from_kubeconfig(pod_targets.kubeconfig(cluster))
    with pytest.raises(ApiError, match="cannot list resource"):
        watcher.list("/api/v1/secrets")


def test_pods_that_do_not_run_are_not_scraped() -> None:
    pods = [
        pod("127.64.16.1"),
        pod("127.64.16.2", "done", "Succeeded"),
        pod("", "waiting", "Pending"),
    ]
    found = targets(monitor(), [service()], pods)
    assert [target["targets"] for target in found] == [["127.64.16.1:9100"]]


def test_pods_of_services_that_a_monitor_does_not_select_are_not_scraped() -> None:
    other = service(selector={"app": "other"})
    unlabelled = {**service(), "metadata": {"name": "gateway", "namespace": "default"}}
    elsewhere = {
        **service(),
        "metadata": {"name": "gateway", "namespace": "other", "labels": LABELS},
    }
    assert targets(monitor(), [other, unlabelled, elsewhere], [pod("127.64.16.1")]) == []


def test_a_pod_monitor_selects_pods_by_their_own_labels() -> None:
    by_pod = {
        "kind": "PodMonitor",
        "metadata": {"name": "pods", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "proxy"}},
            "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics/"}],
        },
    }
    (found,) = targets(by_pod, [], [pod("127.64.16.1")])
    assert found["labels"]["job"] == "default/pods"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("spec",), "sampleLimit"),
        (("spec", "selector"), "matchExpressions"),
        (("spec", "endpoints", 0), "metricRelabelings"),
        (("spec", "endpoints", 0, "relabelings", 0), "sourceLabels"),
    ],
)
def test_what_only_the_operator_can_do_is_named(path: tuple[Any, ...], field: str) -> None:
    asked = monitor()
    place: Any = asked
    for key in path:
        place = place[key]
    place[field] = []
    with pytest.raises(Unsupported, match=field):
        targets(asked, [service()], [pod("127.64.16.1")])


def test_a_rule_file_is_named_by_its_object_and_its_namespace() -> None:
    rule = {"metadata": {"name": "a", "namespace": "n"}, "spec": {"groups": [{"name": "g"}]}}
    assert rule_files([rule]) == {"n-a.yaml": b"groups:\n- name: g\n"}
