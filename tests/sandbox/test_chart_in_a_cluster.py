"""The chart with the real Helm in a namespace that enforces Pod Security ``restricted``.

Its pods run a program that stands where the proxy does and starts at once; the proxy itself runs
in the chart's pods in tests/end_to_end.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pod_cluster import Cluster, Object, is_ready, running_cluster, until
from pod_programs import CHART_IMAGE

from infra.gateway import CHART_FILES
from sandbox import toolchain
from sandbox.paths import Instance

NAMESPACE = "litellm"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/gateway"
PATIENCE = 120


def values(configuration: str, migration_ends_with: int) -> dict[str, Any]:
    repository, tag = CHART_IMAGE.split(":")
    probe = {"periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 60}
    return {
        "image": {"repository": repository, "tag": tag},
        "serviceAccountName": "litellm-gateway",
        "priorityClassName": "gateway",
        "configMap": {"name": configuration},
        "environment": {
            "DATABASE_URL": "postgresql://litellm:$(DATABASE_PASSWORD)@database.test/litellm",
            "REDIS_HOST": "cache.test",
            "MIGRATION_ENDS_WITH": str(migration_ends_with),
        },
        "secretEnvironment": [
            {"name": name, "secret": "secrets", "key": name}
            for name in ("LITELLM_MASTER_KEY", "DRAIN_TOKEN", "DATABASE_PASSWORD")
        ],
        "resources": {"cpu": "10m", "memory": "128Mi"},
        "probes": dict.fromkeys(("startup", "readiness", "liveness"), probe),
        "drain": {"propagationSeconds": 1, "longestRequestSeconds": 5},
        "terminationGracePeriodSeconds": 25,
        "minReadySeconds": 0,
        "migration": {"backoffLimit": 0, "cpu": "10m", "memory": "128Mi"},
        "networkPolicy": {
            "clientCidrs": ["127.0.0.0/8"],
            "database": {"cidrs": ["127.0.0.0/8"]},
        },
    }


@dataclass(frozen=True)
class Installed:
    """The chart in a cluster."""

    cluster: Cluster
    directory: Path

    def upgrade(
        self, configuration: str, migration_ends_with: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        """Install or upgrade as the program does: atomically, and waiting for the pods."""
        file = self.directory / "values.json"
        file.write_text(json.dumps(values(configuration, migration_ends_with)))
        helm = toolchain.ensure(["helm"])["helm"]
        return subprocess.run(
            [
                *(helm, "upgrade", "--install", "gateway", CHART_FILES, "--values", file),
                *("--namespace", NAMESPACE, "--kubeconfig", self.cluster.instance.kubeconfig),
                *("--atomic", "--wait", "--wait-for-jobs", "--timeout", f"{PATIENCE}s"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def pods(self) -> list[Object]:
        """Return the pods of the proxy that are ready and stay."""
        labels = "app.kubernetes.io/component=proxy"
        found = self.cluster.api.list(PODS, labelSelector=labels)
        return [
            pod for pod in found if is_ready(pod) and "deletionTimestamp" not in pod["metadata"]
        ]

    def answers(self) -> set[str]:
        """Return the configurations with which the pods answer."""
        urls = [f"http://{pod['status']['podIP']}:4000/" for pod in self.pods()]
        return {httpx.get(url).json()["configuration"] for url in urls}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(tmp_path_factory.mktemp("sandboxes")))
        with running_cluster(Instance("chart-tests", 174)) as cluster:
            yield cluster


@pytest.fixture(scope="module")
def installed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    levels = ("enforce", "audit", "warn")
    labels = {f"pod-security.kubernetes.io/{level}": "restricted" for level in levels}
    namespace = {"metadata": {"name": NAMESPACE, "labels": labels}}
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", **namespace}, "tests")
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1000}
    cluster.api.apply({**priority, "metadata": {"name": "gateway"}}, "tests")
    secrets = dict.fromkeys(("LITELLM_MASTER_KEY", "DRAIN_TOKEN", "DATABASE_PASSWORD"), "x")
    for kind, name, content in (
        ("ServiceAccount", "litellm-gateway", {}),
        ("Secret", "secrets", {"stringData": secrets}),
        ("ConfigMap", "one", {"data": {"config.yaml": "one"}}),
        ("ConfigMap", "two", {"data": {"config.yaml": "two"}}),
    ):
        metadata = {"name": name, "namespace": NAMESPACE}
        obj = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}
        cluster.api.apply(obj, "tests")
    installed = Installed(cluster, tmp_path_factory.mktemp("chart"))
    done = installed.upgrade("one")
    assert done.returncode == 0, done.stderr
    assert "would violate PodSecurity" not in done.stderr
    # Helm waits for one; the autoscaler, which alone sets the number, adds the other.
    until(lambda: len(installed.pods()) == 2, PATIENCE)
    return installed


def test_a_restricted_namespace_admits_the_pods_and_the_migration(installed: Installed) -> None:
    assert len(installed.pods()) == 2
    job = installed.cluster.api.get(f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/gateway-migration")
    assert job["status"]["succeeded"] == 1


def test_the_pods_have_their_priority(installed: Installed) -> None:
    assert {pod["spec"]["priority"] for pod in installed.pods()} == {1000}


def test_the_migration_has_ended_before_the_first_pod_was_made(installed: Installed) -> None:
    job = installed.cluster.api.get(f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/gateway-migration")
    made = {pod["metadata"]["creationTimestamp"] for pod in installed.pods()}
    assert min(made) >= job["status"]["completionTime"]


def test_a_failed_migration_leaves_the_old_pods_serving(installed: Installed) -> None:
    before = {pod["metadata"]["uid"] for pod in installed.pods()}
    done = installed.upgrade("two", migration_ends_with=1)
    assert done.returncode != 0
    assert "gateway-migration" in done.stderr
    assert {pod["metadata"]["uid"] for pod in installed.pods()} == before
    assert installed.answers() == {"one"}


def test_the_next_upgrade_after_a_failed_one_serves_the_new_configuration(
    installed: Installed,
) -> None:
    done = installed.upgrade("two")
    assert done.returncode == 0, done.stderr
    assert "http://gateway.litellm.svc:4000" in done.stdout
    assert "http://gateway.litellm.svc:9090/metrics/" in done.stdout
    until(lambda: len(installed.pods()) == 2 and installed.answers() == {"two"}, PATIENCE)
