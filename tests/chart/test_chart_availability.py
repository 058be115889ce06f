"""What keeps the gateway there while pods come and go, and how it is reached."""

from pathlib import Path
from typing import Any

import pytest
from rendered_chart import CHART, Render, the


def pods_of(objects: list[dict[str, Any]], kind: str) -> dict[str, str]:
    labels: dict[str, str] = the(objects, kind)["spec"]["template"]["metadata"]["labels"]
    return labels


def test_an_eviction_counts_the_proxy_s_pods_and_not_the_migration_s(render: Render) -> None:
    objects = render()
    selector = the(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    assert selector.items() <= pods_of(objects, "Deployment").items()
    assert not selector.items() <= pods_of(objects, "Job").items()


def test_a_pod_that_is_not_ready_keeps_no_node_from_leaving(render: Render) -> None:
    spec = the(render(), "PodDisruptionBudget")["spec"]
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_more_pods_may_be_evicted_at_a_time(render: Render) -> None:
    objects = render(podDisruptionBudget={"maxUnavailable": 2})
    assert the(objects, "PodDisruptionBudget")["spec"]["maxUnavailable"] == 2


def test_the_autoscaler_scales_the_deployment(render: Render) -> None:
    objects = render()
    target = the(objects, "HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    deployment = the(objects, "Deployment")
    assert target["kind"] == "Deployment"
    assert target["apiVersion"] == deployment["apiVersion"]
    assert target["name"] == deployment["metadata"]["name"]


def test_pods_leave_one_by_one_after_ten_quiet_minutes(render: Render) -> None:
    down = the(render(), "HorizontalPodAutoscaler")["spec"]["behavior"]["scaleDown"]
    assert down["stabilizationWindowSeconds"] == 600
    assert [policy["value"] for policy in down["policies"]] == [1]


@pytest.mark.parametrize("port", ["http", "metrics"])
def test_the_service_leads_to_a_port_that_the_proxy_has(render: Render, port: str) -> None:
    objects = render()
    (container,) = the(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    served = {item["name"]: item["containerPort"] for item in container["ports"]}
    ports = {item["name"]: item for item in the(objects, "Service")["spec"]["ports"]}
    assert ports[port]["targetPort"] == port
    assert ports[port]["port"] == served[port]


def test_every_object_belongs_to_the_release_and_its_namespace(render: Render) -> None:
    for item in render():
        assert item["metadata"]["namespace"] == "litellm", item["kind"]
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "gateway", item["kind"]
        assert labels["app.kubernetes.io/name"] == "litellm-gateway", item["kind"]


def test_every_template_makes_what_these_tests_look_at(render: Render) -> None:
    """A template of which nothing is rendered would have no test."""
    files = {path.stem for path in Path(CHART / "templates").glob("*.yaml")}
    kinds = {
        "deployment": "Deployment",
        "horizontalpodautoscaler": "HorizontalPodAutoscaler",
        "migration-job": "Job",
        "networkpolicies": "NetworkPolicy",
        "poddisruptionbudget": "PodDisruptionBudget",
        "service": "Service",
    }
    assert files == kinds.keys()
    assert {item["kind"] for item in render()} == set(kinds.values())
