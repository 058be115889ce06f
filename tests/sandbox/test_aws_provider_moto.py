"""What the sandbox adjusts in moto, asked with boto3 as a pod asks it."""

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.access_logs import BUCKETS_PREFIX, delivery_policy
from sandbox.providers.aws import local_moto

ENDPOINT = local_moto.endpoint()


def client(service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=ENDPOINT,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )


def bucket_with(name: str, condition: dict[str, Any] | None) -> Any:
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    if condition:
        statement["Condition"] = condition
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return s3


def test_a_bucket_that_denies_plain_http_takes_objects() -> None:
    s3 = bucket_with("tls-only", {"Bool": {"aws:SecureTransport": "false"}})
    s3.put_object(Bucket="tls-only", Key="logs/one.json", Body=b"{}")
    assert s3.get_object(Bucket="tls-only", Key="logs/one.json")["Body"].read() == b"{}"
    s3.delete_object(Bucket="tls-only", Key="logs/one.json")
    s3.delete_bucket(Bucket="tls-only")


def test_a_bucket_that_denies_everything_takes_nothing() -> None:
    s3 = bucket_with("closed", None)
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket="closed", Key="one", Body=b"")
    s3.delete_bucket_policy(Bucket="closed")
    s3.delete_bucket(Bucket="closed")


def test_a_bucket_takes_the_access_logs_of_others_below_the_prefix_that_its_policy_names() -> None:
    s3 = client("s3")
    for name in ("logged", "access"):
        s3.create_bucket(Bucket=name)
    policy = delivery_policy(bucket_arn="arn:aws:s3:::access", account="123456789012")
    s3.put_bucket_policy(Bucket="access", Policy=policy)

    def log_below(prefix: str) -> None:
        wanted = {"TargetBucket": "access", "TargetPrefix": prefix}
        s3.put_bucket_logging(Bucket="logged", BucketLoggingStatus={"LoggingEnabled": wanted})

    log_below(f"{BUCKETS_PREFIX}/logged/")
    with pytest.raises(ClientError, match="InvalidTargetBucketForLogging"):
        log_below("elsewhere/")
    s3.put_bucket_logging(Bucket="logged", BucketLoggingStatus={})
    written = s3.list_objects_v2(Bucket="access").get("Contents") or []
    assert all(one["Key"].startswith(f"{BUCKETS_PREFIX}/logged/") for one in written)
    for one in written:
        s3.delete_object(Bucket="access", Key=one["Key"])
    for name in ("logged", "access"):
        s3.delete_bucket(Bucket=name)


def test_a_deleted_replication_group_is_gone() -> None:
    caches = client("elasticache")
    caches.create_replication_group(
        ReplicationGroupId="gone", ReplicationGroupDescription="x", Engine="valkey"
    )
    caches.delete_replication_group(ReplicationGroupId="gone")
    assert caches.describe_replication_groups()["ReplicationGroups"] == []


def test_a_service_account_takes_its_role() -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity"}
        ],
    }
    iam = client("iam")
    role = iam.create_role(RoleName="pod", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    answer = client("sts").assume_role_with_web_identity(
        RoleArn=role["Arn"], RoleSessionName="pod", WebIdentityToken="header.body.signature"
    )
    iam.delete_role(RoleName="pod")
    assert answer["Credentials"]["SessionToken"]


def test_the_policies_that_aws_manages_are_there() -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEKSComputePolicy"
    assert client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn
