"""Helm releases of the kubernetes provider, through the real engine, API server and Helm."""

import base64
import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pulumi_kubernetes.helm.v3 import Release
from stacks import Program, Refused, Stack, serving

from ops.deployments.helm_releases import free_releases, pending_releases
from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.providers import kept_in_state
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.kubernetes.helm import latest
from sandbox.toolchain import ensure

NAMESPACE = "release-tests"
SETTINGS = f"/api/v1/namespaces/{NAMESPACE}/configmaps/settings"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  level: {{ .Values.level | quote }}
"""


@pytest.fixture(scope="module")
def api(cluster: Instance) -> KubeApi:
    api = KubeApi(cluster)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    api.apply(namespace, "tests")
    return api


@pytest.fixture(scope="module")
def provider(cluster: Instance) -> Iterator[str]:
    with serving("kubernetes", KubernetesProvider(cluster)) as debug_providers:
        yield debug_providers


@pytest.fixture(scope="module")
def stack(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("releases") / "stack", provider)


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chart = tmp_path_factory.mktemp("charts") / "settings"
    (chart / "templates").mkdir(parents=True)
    metadata = {"apiVersion": "v2", "name": "settings", "version": "0.1.0", "appVersion": "7"}
    (chart / "Chart.yaml").write_text(json.dumps(metadata))
    (chart / "values.yaml").write_text("level: low\n")
    (chart / "templates" / "settings.yaml").write_text(TEMPLATE)
    return chart


@pytest.fixture(scope="module")
def program(cluster: Instance, chart: Path) -> Any:
    def make(**inputs: Any) -> Program:
        def run() -> None:
            provider = kubernetes.Provider("cluster", kubeconfig=cluster.kubeconfig.read_text())
            Release(
                "release",
                **{"name": "settings", "chart": str(chart), "namespace": NAMESPACE} | inputs,
                atomic=True,
                timeout=30,
                opts=pulumi.ResourceOptions(provider=provider),
            )

        return run

    return make


@pytest.fixture(scope="module")
def installed(stack: Stack, api: KubeApi, program: Any) -> None:
    stack.up(program(values={"level": "high"}))


def test_a_release_is_installed_with_its_values(
    stack: Stack, api: KubeApi, installed: None
) -> None:
    assert api.get(SETTINGS)["data"] == {"level": "high"}
    outputs = stack.state()["release"]["outputs"]
    assert outputs["status"] == {
        "appVersion": "7",
        "chart": "settings",
        "name": "settings",
        "namespace": NAMESPACE,
        "revision": 1,
        "status": "deployed",
        "version": "0.1.0",
    }
    assert outputs["resourceNames"] == {"ConfigMap/v1": ["settings"]}


def test_values_and_kubeconfig_leave_no_file_behind(cluster: Instance, installed: None) -> None:
    left = [file for file in (cluster.state / "helm").rglob("*") if file.is_file()]
    assert left == []


def test_an_unchanged_release_stays_as_it_is(stack: Stack, program: Any, installed: None) -> None:
    unchanged = program(values={"level": "high"})
    assert not stack.up(unchanged).changed
    assert not stack.refresh(unchanged).drift


def test_an_edited_template_is_a_change(
    stack: Stack, api: KubeApi, chart: Path, program: Any, installed: None
) -> None:
    template = chart / "templates" / "settings.yaml"
    template.write_text(TEMPLATE + "  edited: 'true'\n")
    edited = program(values={"level": "high"})
    assert stack.preview(edited).differences["release"] == {"checksum"}
    stack.up(edited)
    assert api.get(SETTINGS)["data"] == {"level": "high", "edited": "true"}


def test_a_preview_shows_what_the_api_server_would_refuse(
    stack: Stack, chart: Path, program: Any, installed: None
) -> None:
    wrong = chart / "templates" / "wrong.yaml"
    wrong.write_text(TEMPLATE.replace("name: settings", "name: wrong") + "dada: {}\n")
    try:
        with pytest.raises(
            Refused, match=r"settings would be refused: ConfigMap wrong: .*unknown field"
        ):
            stack.preview(program(values={"level": "high"}))
    finally:
        wrong.unlink()


def test_a_failed_upgrade_is_rolled_back(
    stack: Stack, api: KubeApi, chart: Path, program: Any, installed: None
) -> None:
    hook = chart / "templates" / "hook.yaml"
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "migration",
            "annotations": {
                "helm.sh/hook": "pre-upgrade",
                "helm.sh/hook-delete-policy": "before-hook-creation",
            },
        },
        "spec": {
            # It cannot end well: there is no node, and it has a second.
            "activeDeadlineSeconds": 1,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "main", "image": "migration:1"}],
                }
            },
        },
    }
    hook.write_text(json.dumps(job))
    try:
        with pytest.raises(Refused, match="pre-upgrade hooks failed"):
            stack.up(program(values={"level": "broken"}))
    finally:
        hook.unlink()
    assert api.get(SETTINGS)["data"]["level"] == "high"
    stored = latest(api, NAMESPACE, "settings")
    assert stored is not None
    assert stored.status == "deployed"


def test_values_that_somebody_else_has_set_are_drift(
    cluster: Instance, stack: Stack, chart: Path, program: Any, installed: None
) -> None:
    stack.up(program(values={"level": "high"}))
    helm = str(ensure(["helm"])["helm"])
    subprocess.run(
        [helm, "upgrade", "settings", str(chart), "-n", NAMESPACE, "--set", "level=changed"],
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        check=True,
        capture_output=True,
    )
    drift = stack.refresh(program(values={"level": "high"})).drift
    assert "values.level" in drift["release"]


@pytest.mark.parametrize("before", ["deployed", "superseded"])
def test_a_release_left_pending_by_a_killed_run_is_recovered_and_not_made_anew(
    stack: Stack, api: KubeApi, program: Any, installed: None, before: str
) -> None:
    made = api.get(SETTINGS)["metadata"]["uid"]
    leave_pending(api, before)
    said = stack.up(program(values={"level": f"after {before}"})).messages
    assert any("was left pending-upgrade by an interrupted run" in message for message in said)
    assert api.get(SETTINGS)["data"]["level"] == f"after {before}"
    assert api.get(SETTINGS)["metadata"]["uid"] == made


def test_a_preview_of_a_pending_release_tells_what_would_change(
    stack: Stack, api: KubeApi, program: Any, installed: None
) -> None:
    leave_pending(api, "deployed")
    steps = stack.preview(program(values={"level": "higher still"})).steps
    assert ("update", "release") in steps
    free_releases(api, lambda _: None)


def test_a_pending_release_is_freed_for_a_run_that_knows_that_no_other_is_at_work(
    stack: Stack, api: KubeApi, program: Any, installed: None
) -> None:
    leave_pending(api, "deployed")
    (pending,) = pending_releases(api)
    assert (pending.name, pending.status, pending.is_installed) == (
        "settings",
        "pending-upgrade",
        True,
    )
    told: list[str] = []
    free_releases(api, told.append)
    assert list(pending_releases(api)) == []
    assert told == [
        f"revision {pending.revision} of the release settings was left pending-upgrade and is "
        "forgotten"
    ]
    said = stack.up(program(values={"level": "freed"})).messages
    assert not any("interrupted run" in message for message in said)
    assert api.get(SETTINGS)["data"]["level"] == "freed"


def leave_pending(api: KubeApi, before: str) -> None:
    """Store the revisions that Helm would have stored when it was killed in an upgrade."""
    stored = latest(api, NAMESPACE, "settings")
    assert stored is not None
    secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets"
    secret = api.get(f"{secrets}/{stored.secret}")
    release = json.loads(gzip.decompress(_decoded_twice(secret["data"]["release"])))
    release["info"]["status"] = secret["metadata"]["labels"]["status"] = before
    secret["data"]["release"] = _packed(release)
    api.update(f"{secrets}/{stored.secret}", secret)
    revision = stored.revision + 1
    release["version"], release["info"]["status"] = revision, "pending-upgrade"
    labels = secret["metadata"]["labels"]
    pending = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.settings.v{revision}",
            "labels": {**labels, "status": "pending-upgrade", "version": str(revision)},
        },
        "data": {"release": _packed(release)},
    }
    api.create(secrets, pending)


def _packed(release: Any) -> str:
    packed = gzip.compress(json.dumps(release).encode())
    return base64.b64encode(base64.b64encode(packed)).decode()


def _decoded_twice(text: str) -> bytes:
    return base64.b64decode(base64.b64decode(text))


def test_a_release_that_was_removed_behind_its_back_is_found_and_installed_again(
    stack: Stack, api: KubeApi, program: Any, installed: None
) -> None:
    for secret in api.list(f"/api/v1/namespaces/{NAMESPACE}/secrets", labelSelector="owner=helm"):
        api.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/{secret['metadata']['name']}")
    same = program(values={"level": "high"})
    assert stack.refresh(same).drift == {"release": {"deleted"}}
    assert stack.up(same).named("create") == {"release"}


def test_destroy_uninstalls_it(stack: Stack, api: KubeApi, program: Any, installed: None) -> None:
    stack.destroy(program())
    with pytest.raises(ApiError, match="not found"):
        api.get(SETTINGS)
    assert latest(api, NAMESPACE, "settings") is None


def test_a_chart_that_is_nowhere_here_is_kept_in_the_state_and_listed(
    cluster: Instance, stack: Stack, program: Any
) -> None:
    elsewhere = program(
        name="tracing",
        chart="tempo",
        version="1.24.0",
        repository_opts={"repo": "https://charts.example.org"},
    )
    stack.up(elsewhere)
    listed = kept_in_state.recorded(cluster)["tempo"]
    assert "release tracing of version 1.24.0" in listed
    assert not stack.up(elsewhere).changed
    assert not stack.refresh(elsewhere).drift
    stack.destroy(elsewhere)
    assert "tempo" not in kept_in_state.recorded(cluster)


def test_a_substitute_of_another_version_is_refused(stack: Stack, program: Any) -> None:
    wrong = program(
        chart="external-secrets",
        version="0.1.0",
        repository_opts={"repo": "https://charts.example.org"},
    )
    with pytest.raises(Refused, match=r"external-secrets 0\.1\.0 is not here"):
        stack.preview(wrong)


def test_an_input_that_is_not_known_is_refused_by_name(stack: Stack, program: Any) -> None:
    with pytest.raises(Refused, match="sets recreatePods, which the sandbox does not know"):
        stack.preview(program(recreate_pods=True))


def test_without_a_cluster_a_local_chart_is_rendered(
    tmp_path: Path, chart: Path, program: Any
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(chart, broken)
    (broken / "templates" / "settings.yaml").write_text('{{ required "no level" .Values.no }}')
    with serving("kubernetes", KubernetesProvider(None)) as debug_providers:
        stack = Stack(tmp_path / "stack", debug_providers)
        assert stack.preview(program()).named("create") >= {"release"}
        with pytest.raises(Refused, match="no level"):
            stack.preview(program(chart=str(broken)))
