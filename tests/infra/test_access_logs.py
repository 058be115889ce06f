"""The bucket of access logs: who writes to it, and how long its objects stay."""

import json
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import with_changes

from infra.access_logs import delivery_policy

BUCKET = "arn:aws:s3:::logs"


def configuration(resources: list[Registered], kind: str) -> dict[str, Any]:
    return {resource.name: resource.inputs for resource in of_type(resources, kind)}["access-logs"]


def statements() -> dict[str, Any]:
    policy = json.loads(delivery_policy(bucket_arn=BUCKET, account="111122223333"))
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_load_balancers_write_below_their_account_alone() -> None:
    statement = statements()["LoadBalancers"]
    assert statement["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert statement["Resource"] == [
        f"{BUCKET}/load-balancer/AWSLogs/111122223333/*",
        f"{BUCKET}/connections/AWSLogs/111122223333/*",
    ]


def test_buckets_of_other_accounts_write_nothing() -> None:
    statement = statements()["Buckets"]
    assert statement["Resource"] == f"{BUCKET}/buckets/*"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def test_plain_requests_are_refused() -> None:
    statement = statements()["TlsOnly"]
    assert (statement["Effect"], statement["Resource"]) == ("Deny", [BUCKET, f"{BUCKET}/*"])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_bucket_is_closed_versioned_and_encrypted_by_s3_itself(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(stack)
    block = configuration(resources, "BucketPublicAccessBlock")
    assert [name for name, value in block.items() if value is not True] == ["bucket"]
    assert configuration(resources, "BucketVersioning")["versioningConfiguration"] == {
        "status": "Enabled"
    }
    ownership = configuration(resources, "BucketOwnershipControls")["rule"]
    assert ownership == {"objectOwnership": "BucketOwnerEnforced"}
    (rule,) = configuration(resources, "BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_logs_expire_after_the_days_of_the_setting() -> None:
    resources = run_program("dev", with_changes("dev", {"accessLogs.retentionDays": 14}))
    (rule,) = configuration(resources, "BucketLifecycleConfiguration")["rules"]
    assert rule["expiration"] == {"days": 14}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_only_a_disposable_stack_empties_the_bucket(
    dev: list[Registered], prod: list[Registered]
) -> None:
    assert configuration(dev, "s3/bucket:Bucket")["forceDestroy"] is True
    assert configuration(prod, "s3/bucket:Bucket")["forceDestroy"] is False
