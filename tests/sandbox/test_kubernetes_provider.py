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
from sandbox.providers.base import Connection, ProviderError
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.kubernetes.readiness import Readiness
from sandbox.providers.kubernetes.tokens import kind_of
from sandbox.providers.kubernetes.waiting import Wait, WaitFailed

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


@pytest.fixture(scope="module")
def scratch(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack for programs of one test each; the next one's ``up`` removes what is left."""
    return Stack(tmp_path_factory.mktemp("scratch") / "stack", provider)


def options(kubeconfig: str, name: str = "cluster", **inputs: Any) -> pulumi.ResourceOptions:
    provider = kubernetes.Provider(
        name, kubeconfig=kubeconfig, cluster_identifier="tests", **inputs
    )
    return pulumi.ResourceOptions(provider=provider)


def pod(outcome: str, image: str = "worker:1") -> dict[str, Any]:
    return {
        "metadata": {"labels": {"outcome": outcome}},
        "spec": {"restart_policy": "Never", "containers": [{"name": "main", "image": image}]},
    }


def objects(
    kubeconfig: str, setting: str = "a", image: str = "worker:1", force: bool = False
) -> Program:
    def program() -> None:
        opts = options(kubeconfig, enable_patch_force=force)
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
        kubernetes.batch.v1.Job(
            "job",
            metadata={**here, "name": "job"},
            spec={"template": pod("Succeeded", image)},
            opts=opts,
        )

    return program


@pytest.fixture(scope="module")
def first_preview(stack: Stack, kubeconfig: str) -> set[str]:
    return stack.preview(objects(kubeconfig)).named("create")


@pytest.fixture(scope="module")
def deployed(stack: Stack, api: KubeApi, kubeconfig: str, first_preview: set[str]) -> None:
    stack.up(objects(kubeconfig))


def test_a_preview_shows_objects_whose_namespace_is_still_to_come(first_preview: set[str]) -> None:
    assert {"namespace", "settings", "generated", "service", "job"} <= first_preview


def test_up_waits_for_a_job_to_complete(stack: Stack, deployed: None) -> None:
    assert stack.state()["job"]["outputs"]["status"]["succeeded"] == 1


def test_an_object_without_a_name_gets_one_from_its_resource(stack: Stack, deployed: None) -> None:
    namespace, name = stack.state()["generated"]["id"].split("/")
    assert namespace == NAMESPACE
    assert name.startswith("generated-")
    assert len(name) == len("generated-") + 8


def test_an_unchanged_program_changes_nothing(
    stack: Stack, kubeconfig: str, deployed: None
) -> None:
    assert not stack.up(objects(kubeconfig)).changed


def test_refresh_finds_just_what_was_changed_behind_its_back(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: None
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
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: None
) -> None:
    with pytest.raises(Refused, match=r"pulumi\.com/patchForce"):
        stack.up(objects(kubeconfig))


def test_a_changed_field_that_cannot_change_replaces_its_object(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: None
) -> None:
    generated = stack.state()["generated"]["id"]
    changed = stack.up(objects(kubeconfig, setting="b", image="worker:2", force=True))
    assert changed.named("replace") == {"settings", "generated", "job"}
    live = api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/settings")
    assert live["data"] == {"setting": "b"}
    assert live["metadata"]["labels"] == {"tier": "front"}
    assert stack.state()["generated"]["id"] != generated
    with pytest.raises(ApiError, match="not found"):
        api.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{generated.split('/')[1]}")


def test_destroy_leaves_nothing_in_the_cluster(
    stack: Stack, api: KubeApi, kubeconfig: str, deployed: None
) -> None:
    stack.destroy(objects(kubeconfig))
    with pytest.raises(ApiError, match="not found"):
        api.get(f"/api/v1/namespaces/{NAMESPACE}")


def test_the_content_of_a_secret_is_nowhere_in_the_state_in_clear(
    provider: str, tmp_path: Path, api: KubeApi, kubeconfig: str
) -> None:
    def program() -> None:
        kubernetes.core.v1.Secret(
            "password",
            metadata={"name": "password", "namespace": "default"},
            string_data={"password": PASSWORD},
            opts=options(kubeconfig),
        )

    stack = Stack(tmp_path / "stack", provider)
    stack.up(program)
    live = api.get("/api/v1/namespaces/default/secrets/password")["data"]["password"]
    assert not [text for text in (PASSWORD, live) if text in stack.state_text()]


def node_class(kubeconfig: str, name: str, **annotations: str) -> CustomResource:
    return CustomResource(
        name,
        api_version="eks.amazonaws.com/v1",
        kind="NodeClass",
        metadata={
            "name": name,
            "annotations": {f"pulumi.com/{key}": value for key, value in annotations.items()},
        },
        spec={"networkPolicy": "DefaultDeny"},
        opts=options(kubeconfig),
    )


def test_wait_for_holds_until_its_conditions_are_there(
    scratch: Stack, api: KubeApi, kubeconfig: str
) -> None:
    path = "/apis/eks.amazonaws.com/v1/nodeclasses"
    moments: list[float] = []

    def become_ready() -> None:
        for _, found in api.watch(path, timeout=60):
            if found["metadata"].get("name") == "waited-for":
                conditions = [{"type": "Ready", "status": "True"}]
                for status in ({"conditions": conditions}, {"phase": "Done"}):
                    time.sleep(0.2)
                    moments.append(time.monotonic())
                    api.patch_status(f"{path}/waited-for", {"status": status})
                return

    thread = threading.Thread(target=become_ready)
    thread.start()
    expressions = json.dumps(["condition=Ready", "jsonpath={.status.phase}=Done"])
    scratch.up(lambda: node_class(kubeconfig, "waited-for", waitFor=expressions))
    ended = time.monotonic()
    thread.join()
    assert len(moments) == 2
    assert moments[1] < ended


def test_a_cancelled_wait_ends_at_once(api: KubeApi) -> None:
    name = {"name": "cancelled", "namespace": "default"}
    made = api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": name}, "tests")
    connection = Connection()
    threading.Timer(0.2, connection.cancelled.set).start()
    started = time.monotonic()
    with pytest.raises(WaitFailed, match="cancelled; last seen: it never is"):
        Wait(connection, "", 60).until_ready(
            api, api.path_of(made), lambda *_: Readiness(False, "it never is")
        )
    assert time.monotonic() - started < 2


@pytest.fixture(scope="module")
def refusals(scratch: Stack, api: KubeApi, kubeconfig: str) -> str:
    """What is said of a program in which nothing can work."""
    taken = {"name": "taken", "namespace": "default"}
    api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": taken}, "somebody-else")

    def program() -> None:
        node_class(kubeconfig, "never-ready", waitFor="condition=Ready", timeoutSeconds="1")
        opts = options(kubeconfig, name="second")
        kubernetes.core.v1.ConfigMap("taken", metadata=taken, opts=opts)
        kubernetes.batch.v1.Job(
            "job",
            metadata={"name": "failing", "namespace": "default"},
            spec={"backoff_limit": 0, "template": pod("Failed")},
            opts=opts,
        )

    with pytest.raises(Refused) as refused:
        scratch.up(program, continue_on_error=True)
    return str(refused.value)


def test_a_wait_that_times_out_says_what_it_saw_last(refusals: str) -> None:
    assert "timed out after 1 s; last seen: its condition Ready is not set" in refusals


def test_an_object_that_did_not_get_ready_is_kept_in_the_state(
    scratch: Stack, refusals: str
) -> None:
    assert scratch.state()["never-ready"]["initErrors"]


def test_a_failed_job_is_an_error_that_tells_of_its_pod(refusals: str) -> None:
    assert "Job default/failing is not ready: the job failed" in refusals
    assert "the pod has failed as asked" in refusals


def test_an_object_of_somebody_else_is_not_taken_over(refusals: str) -> None:
    assert "ConfigMap default/taken exists already and is not this resource's" in refusals


def test_a_preview_refuses_a_field_that_the_schema_does_not_have(
    scratch: Stack, kubeconfig: str
) -> None:
    def program() -> None:
        CustomResource(
            "binding",
            api_version="eks.amazonaws.com/v1",
            kind="TargetGroupBinding",
            metadata={"name": "binding", "namespace": "default"},
            spec={"targetGroupName": "gateway", "serviceRef": {"name": "service", "port": 80}},
            opts=options(kubeconfig),
        )

    with pytest.raises(Refused, match="targetGroupName"):
        scratch.preview(program)


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:core/v1:ConfigMapPatch",
        "kubernetes:core/v1:ConfigMapList",
        "kubernetes:yaml/v2:ConfigFile",
        "kubernetes:helm.sh/v4:Chart",
    ],
)
def test_a_resource_type_that_is_no_object_is_refused_by_name(token: str) -> None:
    with pytest.raises(ProviderError, match=f"{token} is not known"):
        kind_of(token)


def test_without_a_cluster_a_program_still_previews(tmp_path: Path, kubeconfig: str) -> None:
    with serving("kubernetes", KubernetesProvider(None)) as debug_providers:
        stack = Stack(tmp_path / "stack", debug_providers)
        assert "job" in stack.preview(objects(kubeconfig)).named("create")


def test_what_was_in_an_unreachable_cluster_is_dropped_when_asked(
    provider: str, tmp_path: Path, kubeconfig: str
) -> None:
    def program(kubeconfig: str) -> Program:
        def run() -> None:
            metadata = {"name": "left", "namespace": "default"}
            opts = options(kubeconfig, delete_unreachable=True)
            kubernetes.core.v1.ConfigMap("left", metadata=metadata, opts=opts)

        return run

    stack = Stack(tmp_path / "stack", provider)
    stack.up(program(kubeconfig))
    configuration = json.loads(kubeconfig)
    configuration["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    configuration["users"][0]["user"] = {}
    unreachable = program(json.dumps(configuration))
    stack.up(unreachable)
    stack.destroy(unreachable)
    assert "left" not in stack.state()
