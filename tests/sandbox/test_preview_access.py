"""What GitHub's preview role may do in a cluster: read, and try changes without keeping them."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from stacks import Stack, serving

from infra.preview_access import GROUP, PreviewAccess
from sandbox.kubeconfig import load, select, tls_context
from sandbox.paths import Instance
from sandbox.providers.kubernetes import KubernetesProvider

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DRY_RUN = {"dryRun": "All"}


class Caller:
    """Someone in groups of the cluster, in whose name the administrator asks."""

    def __init__(self, instance: Instance, *groups: str) -> None:
        cluster, user, _ = select(load(instance.kubeconfig.read_text()))
        headers = [("Impersonate-User", "somebody")]
        headers += [("Impersonate-Group", group) for group in ("system:authenticated", *groups)]
        self._client = httpx.Client(
            base_url=cluster["server"],
            verify=tls_context(cluster, user),
            headers=headers,
            trust_env=False,
        )

    def ask(self, method: str, path: str, body: object = None, **parameters: str) -> httpx.Response:
        return self._client.request(method, path, json=body, params=parameters)

    def apply(self, path: str, body: object, **parameters: str) -> httpx.Response:
        """Server-side apply, as the Kubernetes provider does it."""
        return self._client.patch(
            path,
            json=body,
            params={"fieldManager": "preview", **parameters},
            headers={"Content-Type": "application/apply-patch+yaml"},
        )


def config_map(name: str, value: str = "a") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {"value": value},
    }


@pytest.fixture(scope="module")
def preview(cluster: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """A member of the group, once its rights and their limits hold."""

    def program() -> None:
        provider = kubernetes.Provider(
            "cluster", kubeconfig=cluster.kubeconfig.read_text(), cluster_identifier="tests"
        )
        PreviewAccess("access", pulumi.ResourceOptions(provider=provider))

    administrator = Caller(cluster, "system:masters")
    administrator.apply(f"{CONFIG_MAPS}/kept", config_map("kept")).raise_for_status()
    with serving("kubernetes", KubernetesProvider(cluster)) as debug_providers:
        stack = Stack(tmp_path_factory.mktemp("preview-access") / "stack", debug_providers)
        stack.up(program)
        caller = Caller(cluster, GROUP)
        deadline = time.monotonic() + 30
        # The API server takes up admission policies and rights a moment after they are made.
        while caller.apply(f"{CONFIG_MAPS}/probe", config_map("probe")).status_code != 422:
            assert time.monotonic() < deadline, "the admission policy is not in force"
            time.sleep(0.2)
        yield caller
        stack.destroy(program)


def test_it_reads_what_the_program_declares(preview: Caller) -> None:
    assert preview.ask("GET", f"{CONFIG_MAPS}/kept").json()["data"] == {"value": "a"}


def test_it_tries_a_change_and_nothing_is_changed(preview: Caller) -> None:
    tried = preview.apply(f"{CONFIG_MAPS}/kept", config_map("kept", "b"), force="true", **DRY_RUN)
    assert tried.json()["data"] == {"value": "b"}
    assert preview.ask("GET", f"{CONFIG_MAPS}/kept").json()["data"] == {"value": "a"}


def test_it_tries_a_new_object_and_none_is_made(preview: Caller) -> None:
    assert preview.apply(f"{CONFIG_MAPS}/new", config_map("new"), **DRY_RUN).status_code == 201
    assert preview.ask("GET", f"{CONFIG_MAPS}/new").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{CONFIG_MAPS}/kept", config_map("kept", "b")),
        ("PATCH", f"{CONFIG_MAPS}/new", config_map("new")),
        ("POST", CONFIG_MAPS, config_map("new")),
    ],
)
def test_a_change_that_is_no_dry_run_is_refused(
    method: str, path: str, body: dict[str, Any], preview: Caller
) -> None:
    apply = method == "PATCH"
    answer = preview.apply(path, body, force="true") if apply else preview.ask(method, path, body)
    assert "only dry runs are admitted" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"{CONFIG_MAPS}/kept"),
        ("GET", "/api/v1/secrets"),
        ("GET", "/api/v1/namespaces/default/secrets/any"),
        ("GET", "/api/v1/namespaces/default/pods/any/log"),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token"),
        (
            "DELETE",
            "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/litellm-preview",
        ),
    ],
)
def test_it_has_no_right_to_secrets_logs_tokens_or_deletions(
    method: str, path: str, preview: Caller
) -> None:
    assert preview.ask(method, path, {} if method == "POST" else None).status_code == 403


def test_it_cannot_give_itself_more_even_in_a_dry_run(preview: Caller) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/litellm-preview"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "litellm-preview"},
        "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
    }
    assert preview.apply(path, role, force="true", **DRY_RUN).status_code == 403


def test_others_are_not_held_to_dry_runs(preview: Caller, cluster: Instance) -> None:
    administrator = Caller(cluster, "system:masters")
    assert administrator.apply(f"{CONFIG_MAPS}/kept", config_map("kept")).status_code == 200
