"""Objects of the kubernetes provider, through the real engine and a real API server."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
import yaml
from pod_outcomes import pods_end_as_labelled
from pulumi_kubernetes.apiextensions import CustomResource
from stacks import Program, Refused, Stack, serving

from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.providers.kubernetes import KubernetesProvider

NAMESPACE = "provider-tests"
PASSWORD = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def api(cluster: Instance) -> Iterator[KubeApi]:
    api = KubeApi(cluster)
    with pods_end_as_labelled(api):
        yield api


@pytest.fixture(scope="module")
def provider(cluster: Instance) -> Iterator[str]:
    with serving("kubernetes", KubernetesProvider(cluster)) as debug_providers:
        yield debug_providers


@pytest.fixture(scope="module")
def kubeconfig(cluster: Instance) -> str:
    """A kubeconfig as the program makes it for EKS, with a token from ``aws eks get-token``."""
    configuration = yaml.safe_load(cluster.kubeconfig.read_text())
    command = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", "gateway"],
    }
    configuration["users"][0]["user"] = {"exec": command}
    return json.dumps(configuration)


@pytest.fixture(scope="module")
def stack(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("objects") / "stack", provider)


@pytest.fixture
def another_stack(provider: str, tmp_path: Path) -> Stack:
    return Stack(tmp_path / "stack", provider)


def options(kubeconfig: str, **inputs: Any) -> pulumi.ResourceOptions:
    provider = kubernetes.Provider(
        "cluster", kubeconfig=kubeconfig, cluster_identifier="tests", **inputs
    )
    return pulumi.ResourceOptions(provider=provider)


def pod(outcome: str, image: str = "worker:1") -> dict[str, Any]:
    return {
        "metadata": {"labels": {"outcome": outcome}},
        "spec": {"restart_policy": "Never", "containers": [{"name": "main", "image": image}]},
    }


def objects(kubeconfig: str, setting: str = "a", image: str = "worker:1") -> Program:
    def program() -> None:
        opts = options(kubeconfig)
        core = kubernetes.core.v1
        namespace = core.Namespace("namespace", metadata={"name": NAMESPACE}, opts=opts)
        here = {"namespace": namespace.metadata.name}
        core.ConfigMap(
            "settings",
            metadata={**here, "name": "settings", "labels": {"tier": "front"}},
            data={"setting": setting},
            opts=opts,
        )
        core.ConfigMap("generated", metadata=here, data={"setting": setting}, opts=opts)
        core.Secret(
            "password",
            metadata={**here, "name": "password"},
            string_data={"password": pulumi.Output.secret(PASSWORD)},
            opts=opts,
        )
        core.Service(
            "service",
            metadata={**here, "name": "service"},
            spec={"ports": [{"port": 80, "target_port": "http"}]},
            opts=opts,
        )
        kubernetes.apps.v1.Deployment(
            "deployment",
            metadata={**here, "name": "deployment"},
            spec={
                "replicas": 0,
                "selector": {"match_labels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {
                        "containers": [
                            {
                                "name": "web",
                                "image": "web:1",
                                "resources": {"requests": {"cpu": "1000m", "memory": "1024Mi"}},
                            }
                        ]
                    },
                },
            },
            opts=opts,
        )
        job = kubernetes.batch.v1.Job(
            "job",
            metadata={**here, "name": "job"},
            spec={"template": pod("Succeeded", image)},
            opts=opts,
        )
        pulumi.export("succeeded", job.status.succeeded)

    return program


@pytest.fixture(scope="module")
def first_preview(stack: Stack, kubeconfig: str) -> set[str]:
    return stack.preview(objects(kubeconfig)).named("create")


@pytest.fixture(scope="module")
def deployed(
    stack: Stack, api: KubeApi, kubeconfig: str, first_preview: set[str]
) -> dict[str, Any]:
    return stack.up(objects(kubeconfig)).outputs


def test_a_preview_shows_objects_whose_namespace_is_still_to_come(first_preview: set[str]) -> None:
    assert {"namespace", "settings", "generated", "password", "job"} <= first_preview


def test_up_waits_for_a_job_to_complete(deployed: dict[str, Any]) -> None:
    assert deployed["succeeded"] == 1


def test_an_object_without_a_name_gets_one_from_its_resource(
    stack: Stack, deployed: dict[str, Any]
) -> None:
    namespace, name = stack.state()["generated"]["id"].split("/")
    assert namespace == NAMESPACE
    assert name.startswith("generated-")
    assert len(name) == len("generated-") + 8


def test_the_content_of_a_secret_is_nowhere_in_the_state_in_clear(
    stack: Stack, api: KubeApi, deployed: dict[str, Any]
) -> None:
    live = api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/password")["data"]["password"]
    assert PASSWORD not in stack.state_text()
    assert live not in stack.state_text()


def test_an_unchanged_program_changes_nothing(
    stack: Stack, kubeconfig: str, deployed: dict[str, Any]
) -> None:
    assert not stack.up(objects(kubeconfig)).changed


def test_refresh_finds_just_what_was_changed_behind_its_back(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: dict[str, Any]
) -> None:
    assert not stack.refresh(objects(kubeconfig)).drift
    base = f"/api/v1/namespaces/{NAMESPACE}"
    api.patch(f"{base}/configmaps/settings", {"metadata": {"labels": {"tier": "back"}}})
    api.patch(
        f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/deployment", {"spec": {"replicas": 2}}
    )
    api.delete(f"{base}/services/service")
    assert stack.refresh(objects(kubeconfig)).drift == {
        "settings": {"metadata.labels.tier"},
        "deployment": {"spec.replicas"},
        "service": {"deleted"},
    }


def test_fields_of_another_manager_are_taken_back_only_by_force(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: dict[str, Any]
) -> None:
    with pytest.raises(Refused, match=r"pulumi\.com/patchForce"):
        stack.up(objects(kubeconfig))


def test_a_changed_field_that_cannot_change_replaces_its_object(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: dict[str, Any]
) -> None:
    for manager in ("settings", "deployment"):
        api.delete(
            f"/api/v1/namespaces/{NAMESPACE}/configmaps/settings"
            if manager == "settings"
            else f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/deployment"
        )
    stack.refresh(objects(kubeconfig))
    generated = stack.state()["generated"]["id"]
    stack.up(objects(kubeconfig))
    changed = stack.up(objects(kubeconfig, setting="b", image="worker:2"))
    assert changed.named("replace") == {"settings", "generated", "job"}
    assert stack.state()["generated"]["id"] != generated
    order = [name for step, name in changed.steps if step in ("delete-replaced", "replace")]
    assert order.index("settings") < len(order)
    live = api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/settings")
    assert live["data"] == {"setting": "b"}


def test_a_preview_refuses_a_field_that_the_schema_does_not_have(
    stack: Stack, kubeconfig: str, deployed: dict[str, Any]
) -> None:
    def program() -> None:
        objects(kubeconfig)()
        CustomResource(
            "binding",
            api_version="eks.amazonaws.com/v1",
            kind="TargetGroupBinding",
            metadata={"name": "binding", "namespace": NAMESPACE},
            spec={"targetGroupName": "gateway", "serviceRef": {"name": "service", "port": 80}},
            opts=options_of_default(kubeconfig),
        )

    with pytest.raises(Refused, match="targetGroupName"):
        stack.preview(program)


def options_of_default(kubeconfig: str) -> pulumi.ResourceOptions:
    provider = kubernetes.Provider("second", kubeconfig=kubeconfig, cluster_identifier="tests")
    return pulumi.ResourceOptions(provider=provider)


def node_pool(kubeconfig: str, name: str, annotations: dict[str, str]) -> Program:
    def program() -> None:
        CustomResource(
            "class",
            api_version="eks.amazonaws.com/v1",
            kind="NodeClass",
            metadata={"name": name, "annotations": annotations},
            spec={"networkPolicy": "DefaultDeny"},
            opts=options(kubeconfig),
        )

    return program


def test_wait_for_holds_until_the_condition_is_there(
    another_stack: Stack, api: KubeApi, kubeconfig: str
) -> None:
    path = "/apis/eks.amazonaws.com/v1/nodeclasses/waited-for"
    became_ready = 0.0

    def become_ready() -> None:
        nonlocal became_ready
        for _, found in api.watch("/apis/eks.amazonaws.com/v1/nodeclasses", "", timeout=60):
            if found["metadata"].get("name") == "waited-for":
                time.sleep(0.3)
                became_ready = time.monotonic()
                condition = {"type": "Ready", "status": "True", "reason": "Synced"}
                status = {"conditions": [condition], "phase": "Done"}
                api.patch_status(path, {"status": status})
                return

    thread = threading.Thread(target=become_ready)
    thread.start()
    expressions = json.dumps(["condition=Ready", "jsonpath={.status.phase}=Done"])
    program = node_pool(kubeconfig, "waited-for", {"pulumi.com/waitFor": expressions})
    another_stack.up(program)
    ended = time.monotonic()
    thread.join()
    another_stack.destroy(program)
    assert 0 < became_ready < ended


def test_a_wait_that_times_out_says_what_it_saw_last(
    another_stack: Stack, api: KubeApi, kubeconfig: str
) -> None:
    annotations = {"pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": "1"}
    program = node_pool(kubeconfig, "never-ready", annotations)
    with pytest.raises(Refused, match="timed out after 1 s; last seen: its condition Ready is not"):
        another_stack.up(program)
    assert "class" in another_stack.state()
    another_stack.destroy(program)
    with pytest.raises(ApiError):
        api.get("/apis/eks.amazonaws.com/v1/nodeclasses/never-ready")


def test_a_failed_job_is_an_error_that_tells_of_its_pod(
    another_stack: Stack, api: KubeApi, kubeconfig: str
) -> None:
    def program() -> None:
        kubernetes.batch.v1.Job(
            "job",
            metadata={"name": "failing", "namespace": "default"},
            spec={"backoff_limit": 0, "template": pod("Failed")},
            opts=options(kubeconfig),
        )

    with pytest.raises(Refused, match=r"(?s)the job failed: .*the pod has failed as asked"):
        another_stack.up(program)


def test_an_object_of_somebody_else_is_not_taken_over(
    another_stack: Stack, api: KubeApi, kubeconfig: str
) -> None:
    taken = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "taken", "namespace": "default"},
    }
    api.apply(taken, "somebody-else")

    def program() -> None:
        kubernetes.core.v1.ConfigMap(
            "taken",
            metadata={"name": "taken", "namespace": "default"},
            opts=options(kubeconfig),
        )

    with pytest.raises(Refused, match="ConfigMap default/taken exists already"):
        another_stack.up(program)


def test_destroy_leaves_nothing_in_the_cluster(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: dict[str, Any]
) -> None:
    stack.destroy(objects(kubeconfig))
    with pytest.raises(ApiError) as refused:
        api.get(f"/api/v1/namespaces/{NAMESPACE}")
    assert refused.value.status == 404


def test_a_resource_type_that_is_no_object_is_refused_by_name(
    another_stack: Stack, kubeconfig: str
) -> None:
    def program() -> None:
        kubernetes.core.v1.ConfigMapPatch("patch", metadata={"name": "x"}, opts=options(kubeconfig))

    with pytest.raises(Refused, match="kubernetes:core/v1:ConfigMapPatch is not known"):
        another_stack.preview(program)


def test_without_a_cluster_a_program_still_previews(tmp_path: Path, kubeconfig: str) -> None:
    with serving("kubernetes", KubernetesProvider(None)) as debug_providers:
        stack = Stack(tmp_path / "stack", debug_providers)
        assert "job" in stack.preview(objects(kubeconfig)).named("create")


def test_what_was_in_an_unreachable_cluster_is_dropped_when_asked(
    another_stack: Stack, api: KubeApi, kubeconfig: str
) -> None:
    def program(kubeconfig: str, delete_unreachable: bool) -> Program:
        def run() -> None:
            kubernetes.core.v1.ConfigMap(
                "left",
                metadata={"name": "left", "namespace": "default"},
                opts=options(kubeconfig, delete_unreachable=delete_unreachable),
            )

        return run

    another_stack.up(program(kubeconfig, False))
    configuration = json.loads(kubeconfig)
    configuration["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    configuration["users"][0]["user"] = {}
    unreachable = json.dumps(configuration)
    another_stack.up(program(unreachable, True))
    another_stack.destroy(program(unreachable, True))
    assert "left" not in another_stack.state()
