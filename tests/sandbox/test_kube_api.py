"""The client of the API server, against a real one."""

import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from sandbox.kube_api import ApiError, KubeApi, UnknownKind, Unreachable
from sandbox.kubeconfig import KubeconfigError, load, select, tls_context
from sandbox.paths import Instance

NAMESPACE = "kube-api-tests"
CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"


@pytest.fixture(scope="module")
def api(cluster: Instance) -> KubeApi:
    api = KubeApi(cluster)
    api.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        field_manager="tests",
    )
    return api


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": data,
    }


def test_certificates_need_no_more_than_those_of_eks_have(
    cluster: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.13 wants more of a certificate by default, and this may be one before it."""
    default = ssl.create_default_context

    def as_in_3_13(**options: Any) -> ssl.SSLContext:
        made = default(**options)
        made.verify_flags |= ssl.VERIFY_X509_STRICT
        return made

    monkeypatch.setattr(ssl, "create_default_context", as_in_3_13)
    chosen, user, _ = select(load(cluster.kubeconfig.read_text()))
    tls = tls_context(chosen, user)
    assert not tls.verify_flags & ssl.VERIFY_X509_STRICT
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_an_applied_object_can_be_read_changed_and_deleted(api: KubeApi) -> None:
    api.apply(config_map("one", key="a"), "tests")
    api.apply(config_map("one", key="b"), "tests")
    path = api.path_of(config_map("one"))
    assert api.get(path)["data"] == {"key": "b"}
    api.delete(path)
    with pytest.raises(ApiError) as refused:
        api.get(path)
    assert (refused.value.status, refused.value.reason) == (404, "NotFound")


def test_a_dry_run_changes_nothing(api: KubeApi) -> None:
    api.apply(config_map("never", key="a"), "tests", dry_run=True)
    assert "never" not in {found["metadata"]["name"] for found in api.list(CONFIG_MAPS)}


def test_an_unknown_field_is_refused(api: KubeApi) -> None:
    with pytest.raises(ApiError, match="field not declared in schema"):
        api.apply({**config_map("typo"), "dada": {}}, "tests")


def test_without_force_a_field_of_another_manager_is_a_conflict(api: KubeApi) -> None:
    api.apply(config_map("owned", key="a"), "tests")
    with pytest.raises(ApiError) as refused:
        api.apply(config_map("owned", key="b"), "somebody-else", force=False)
    assert refused.value.status == 409


def test_a_kind_that_is_not_served_is_named(api: KubeApi) -> None:
    missing = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "x"}}
    with pytest.raises(UnknownKind, match=r"no Thing in example\.org/v1"):
        api.apply(missing, "tests")


def test_a_long_list_is_read_to_its_end(api: KubeApi) -> None:
    names = {f"page-{number}" for number in range(7)}
    for name in names:
        api.apply(config_map(name), "tests")
    found = api.list(CONFIG_MAPS, limit=2)
    assert names <= {item["metadata"]["name"] for item in found}


def test_a_watch_yields_what_changes_after_the_list(api: KubeApi) -> None:
    _, version = api.list_with_version(CONFIG_MAPS)
    threading.Timer(0.1, lambda: api.apply(config_map("seen", key="a"), "tests")).start()
    for kind, found in api.watch(CONFIG_MAPS, version, timeout=10):
        if kind == "ADDED" and found["metadata"]["name"] == "seen":
            return
    pytest.fail("the watch ended without the change")


def test_a_watch_ends_at_its_timeout(api: KubeApi) -> None:
    _, version = api.list_with_version(CONFIG_MAPS)
    started = time.monotonic()
    assert [kind for kind, _ in api.watch(CONFIG_MAPS, version, timeout=1)] in ([], ["BOOKMARK"])
    assert time.monotonic() - started < 5


def test_the_status_is_changed_apart_from_the_rest(api: KubeApi) -> None:
    path = "/api/v1/nodes/node-of-a-test"
    api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-of-a-test"}}, "tests")
    api.patch_status(path, {"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"phase": "Running"}})
    node = api.get(path)
    api.delete(path)
    assert node["status"]["phase"] == "Running"
    assert "podCIDR" not in node["spec"]


def test_a_token_is_issued_for_its_audience(api: KubeApi) -> None:
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "caller", "namespace": NAMESPACE},
    }
    api.apply(account, "tests")
    token = api.token_request(NAMESPACE, "caller", ["sts.amazonaws.com"], 600)
    review = api.create(
        "/apis/authentication.k8s.io/v1/tokenreviews",
        {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": ["sts.amazonaws.com"]},
        },
    )
    assert review["status"]["user"]["username"] == f"system:serviceaccount:{NAMESPACE}:caller"


def test_many_threads_share_one_client(api: KubeApi) -> None:
    names = [f"thread-{number}" for number in range(40)]
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda name: api.apply(config_map(name), "tests"), names))
    assert [found["metadata"]["name"] for found in made] == names


def test_a_server_that_does_not_answer_is_named(cluster: Instance) -> None:
    configuration = yaml.safe_load(cluster.kubeconfig.read_text())
    configuration["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    with pytest.raises(Unreachable, match=r"https://127\.0\.0\.1:1 did not answer"):
        KubeApi.from_configuration(configuration).get("/version")


def test_a_kubeconfig_without_its_user_is_refused_by_name(cluster: Instance) -> None:
    configuration = yaml.safe_load(cluster.kubeconfig.read_text())
    configuration["users"] = []
    with pytest.raises(KubeconfigError, match="under users"):
        KubeApi.from_configuration(configuration)
