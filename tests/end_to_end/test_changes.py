"""What a second run, a changed setting, a rotation and a change behind Pulumi's back do."""

from typing import Any

import pytest
from running_sandbox import DEPLOYMENT, NAMESPACE, RunningSandbox, eventually


def changed(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(change["operation"], change["name"]) for change in answer["changes"]}


def test_a_second_up_changes_nothing(sandbox: RunningSandbox) -> None:
    assert sandbox.json("up")["changes"] == []


def test_a_refresh_finds_no_drift(sandbox: RunningSandbox) -> None:
    assert sandbox.json("refresh")["changes"] == []


def test_a_changed_lifecycle_names_the_lifecycle_only(sandbox: RunningSandbox) -> None:
    answer = sandbox.json("preview", "--set", "logStorage.infrequentAccessDays=45")
    assert {(c["operation"], c["type"]) for c in answer["changes"]} == {
        ("update", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    }


def test_a_changed_memory_names_the_release_only(sandbox: RunningSandbox) -> None:
    answer = sandbox.json("preview", "--set", "gateway.memoryMib=2048")
    assert changed(answer) == {("update", "gateway")}


def test_drift_made_behind_its_back_is_found(sandbox: RunningSandbox) -> None:
    s3 = sandbox.aws("s3")
    s3.put_bucket_versioning(Bucket=sandbox.bucket, VersioningConfiguration={"Status": "Suspended"})
    answer = sandbox.json("refresh")
    assert [change["type"] for change in answer["changes"]] == [
        "aws:s3/bucketVersioning:BucketVersioning"
    ]
    repaired = sandbox.json("up")
    assert [change["operation"] for change in repaired["changes"]] == ["update"]
    status = s3.get_bucket_versioning(Bucket=sandbox.bucket)["Status"]
    assert status == "Enabled"


def test_the_namespace_refuses_a_privileged_pod_and_has_admitted_the_gateway(
    sandbox: RunningSandbox,
) -> None:
    labels = sandbox.kubernetes.get(NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert sandbox.pods()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "privileged", "namespace": "litellm"},
        "spec": {
            "containers": [
                {"name": "c", "image": "example/c:1", "securityContext": {"privileged": True}}
            ]
        },
    }
    with pytest.raises(Exception, match="PodSecurity"):
        sandbox.kubernetes.create(f"{NAMESPACE}/pods", pod)


@pytest.fixture(scope="module")
def rotated(sandbox: RunningSandbox) -> dict[str, Any]:
    """The sandbox after its master key went to epoch 2, with what was changed and seen."""
    before = {
        "key": sandbox.secret_values()["master-key-1.key"],
        "pods": {pod["metadata"]["name"] for pod in sandbox.pods()},
        "preview": sandbox.json("preview", "--set", "rotation.masterKey=2"),
    }
    return {**before, "up": sandbox.json("up", "--set", "rotation.masterKey=2")}


_ROTATION = {
    ("create", "master-key-2"),
    ("update", "gateway"),
}


def test_the_preview_of_a_rotation_names_the_new_epoch_and_the_release(
    rotated: dict[str, Any],
) -> None:
    assert changed(rotated["preview"]) == _ROTATION


def test_a_rotation_changes_the_new_epoch_and_the_release_only(rotated: dict[str, Any]) -> None:
    assert changed(rotated["up"]) == _ROTATION
    assert sorted(c["type"] for c in rotated["up"]["changes"]) == [
        "aws:secretsmanager/secretVersion:SecretVersion",
        "kubernetes:external-secrets.io/v1:ExternalSecret",
        "kubernetes:helm.sh/v3:Release",
        "random:index/randomPassword:RandomPassword",
    ]


def test_a_rotation_rolls_the_pods_onto_the_new_secret(
    sandbox: RunningSandbox, rotated: dict[str, Any]
) -> None:
    (container,) = sandbox.kubernetes.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    sources = {v["name"]: v.get("valueFrom") for v in container["env"]}
    assert sources["LITELLM_MASTER_KEY"]["secretKeyRef"]["name"] == "master-key-2"
    eventually(lambda: not rotated["pods"] & {p["metadata"]["name"] for p in sandbox.pods()})


def test_after_a_rotation_the_new_key_administers_and_the_old_one_does_not(
    sandbox: RunningSandbox, rotated: dict[str, Any]
) -> None:
    with sandbox.admin() as admin:
        assert admin.get("/team/list").status_code == 200
        old = {"Authorization": f"Bearer {rotated['key']}"}
        eventually(
            lambda: admin.get("/team/list", headers=old).status_code in (400, 401, 403),
            wanted="refusal of the old key",
        )


def test_after_a_rotation_a_virtual_key_still_works(
    sandbox: RunningSandbox, team: dict[str, str], rotated: dict[str, Any]
) -> None:
    assert sandbox.complete(team["key"]).status_code == 200


def test_the_previous_epoch_is_kept(sandbox: RunningSandbox, rotated: dict[str, Any]) -> None:
    assert rotated["key"] == sandbox.secret_values()["master-key-1.key"]


def test_a_refresh_after_a_rotation_finds_no_drift(
    sandbox: RunningSandbox, rotated: dict[str, Any]
) -> None:
    assert sandbox.json("refresh")["changes"] == []


def test_going_back_is_lowering_the_number(
    sandbox: RunningSandbox, rotated: dict[str, Any]
) -> None:
    sandbox.command("up")
    key = sandbox.command("master-key").stdout.strip()
    assert key == rotated["key"]
