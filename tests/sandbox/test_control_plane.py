"""The control plane: what it admits, what it hides, whom it knows."""

import base64
import json
import os
import signal
import ssl
import stat
import time
from pathlib import Path

import httpx
import pytest
import yaml

from sandbox import control_plane, toolchain
from sandbox.certificates import ca_bundle
from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.supervisor_client import SupervisorClient


@pytest.fixture
def api(cluster: Instance) -> KubeApi:
    return KubeApi(cluster)


def make_namespace(api: KubeApi, name: str, **labels: str) -> None:
    """Create a namespace and wait for its default service account, which pods need."""
    metadata = {"name": name, "labels": labels}
    api.create(
        "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    )
    deadline = time.monotonic() + 20
    while True:
        try:
            api.get(f"/api/v1/namespaces/{name}/serviceaccounts/default")
            return
        except ApiError as error:
            assert error.status == 404
            assert time.monotonic() < deadline, "the controller manager makes no service account"
            time.sleep(0.05)


def privileged_pod() -> dict[str, object]:
    container = {"name": "main", "image": "any", "securityContext": {"privileged": True}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "privileged"},
        "spec": {"containers": [container]},
    }


def anonymous_get(instance: Instance, path: str) -> int:
    trusting = ssl.create_default_context(cafile=str(ca_bundle(instance)))
    return httpx.get(instance.api_server_url + path, verify=trusting).status_code


def test_a_restricted_namespace_refuses_a_privileged_pod(api: KubeApi) -> None:
    make_namespace(api, "restricted", **{"pod-security.kubernetes.io/enforce": "restricted"})
    with pytest.raises(ApiError, match='violates PodSecurity "restricted:latest"'):
        api.create("/api/v1/namespaces/restricted/pods", privileged_pod())


def test_a_namespace_without_that_label_admits_it(api: KubeApi) -> None:
    make_namespace(api, "unrestricted")
    made = api.create("/api/v1/namespaces/unrestricted/pods", privileged_pod())
    assert made["metadata"]["name"] == "privileged"


def test_anybody_may_ask_whether_it_is_ready(cluster: Instance) -> None:
    assert anonymous_get(cluster, "/readyz") == 200


def test_nobody_unknown_may_ask_for_more(cluster: Instance) -> None:
    assert anonymous_get(cluster, "/api/v1/namespaces") == 401


def test_secrets_are_not_in_clear_in_the_store(cluster: Instance, api: KubeApi) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "sealed"},
        "stringData": {"value": "a-value-to-look-for"},
    }
    plain = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "open"},
        "data": {"value": "another-value-to-look-for"},
    }
    api.create("/api/v1/namespaces/default/secrets", secret)
    api.create("/api/v1/namespaces/default/configmaps", plain)
    files = (cluster.state / "control-plane" / "etcd").rglob("*")
    stored = b"".join(path.read_bytes() for path in files if path.is_file())
    assert b"another-value-to-look-for" in stored
    assert b"a-value-to-look-for" not in stored


def test_tokens_of_service_accounts_name_the_issuer_of_the_cluster(
    cluster: Instance, api: KubeApi
) -> None:
    make_namespace(api, "tokens")
    token = api.token_request("tokens", "default", ["sts.amazonaws.com"], 3600)
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["iss"] == cluster.service_account_issuer
    assert claims["aud"] == ["sts.amazonaws.com"]


def test_the_kubeconfig_is_its_owners_alone_and_holds_no_token(cluster: Instance) -> None:
    assert stat.S_IMODE(cluster.kubeconfig.stat().st_mode) == 0o600
    user = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
    assert set(user) == {"client-certificate-data", "client-key-data"}


def test_the_crds_of_the_project_are_served(api: KubeApi) -> None:
    expected = {
        definition["metadata"]["name"]
        for file in control_plane.CUSTOM_RESOURCES.glob("*.yaml")
        for definition in yaml.safe_load_all(file.read_text())
    }
    served = api.list("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    assert expected <= {each["metadata"]["name"] for each in served}


def test_no_secret_stands_in_the_arguments_of_a_process(cluster: Instance) -> None:
    encryption = yaml.safe_load((cluster.state / "control-plane" / "encryption.yaml").read_text())
    key = encryption["resources"][0]["providers"][0]["secretbox"]["keys"][0]["secret"]
    for service in SupervisorClient(cluster).status():
        assert key not in Path(f"/proc/{service.pid}/cmdline").read_text()


def test_starting_it_again_leaves_its_processes_alone(cluster: Instance) -> None:
    client = SupervisorClient(cluster)
    before = [(each.name, each.pid) for each in client.status()]
    control_plane.start(client, toolchain.ensure(("etcd", *toolchain.KUBERNETES)), cluster)
    assert [(each.name, each.pid) for each in client.status()] == before


def test_objects_outlive_an_api_server_and_a_store_that_are_killed(
    cluster: Instance, api: KubeApi
) -> None:
    make_namespace(api, "survivor")
    client = SupervisorClient(cluster)
    for service in client.status():
        if service.name in ("etcd", "kube-apiserver"):
            assert service.pid
            os.kill(service.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while any(each.state != "ready" or not each.restarts for each in client.status()[:2]):
        assert time.monotonic() < deadline, "the control plane did not come back"
        time.sleep(0.1)
    assert KubeApi(cluster).get("/api/v1/namespaces/survivor")["metadata"]["name"] == "survivor"
