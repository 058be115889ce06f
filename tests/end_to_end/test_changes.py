"""What a second run, a changed setting and a change behind Pulumi's back do."""

from typing import Any

import pytest
from running_sandbox import NAMESPACE, RunningSandbox


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
