"""Rows 19 and 22: buckets and log groups."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import (
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS,
    BUCKET_VERSIONING,
    LOG_GROUP,
)
from policy.stack import Resource, Stack
from policy.values import at, conditions, items, own_key, principals, statements

_PUBLIC_ACCESS = (
    "blockPublicAcls",
    "blockPublicPolicy",
    "ignorePublicAcls",
    "restrictPublicBuckets",
)


def _of(bucket: Resource, stack: Stack, type_: str) -> list[Resource]:
    return stack.attached(bucket, type_, "bucket", "bucket")


def is_not_public(bucket: Resource, stack: Stack) -> Iterator[str]:
    blocks = _of(bucket, stack, BUCKET_PUBLIC_ACCESS)
    open_ = [
        key for key in _PUBLIC_ACCESS if not any(block.inputs.get(key) is True for block in blocks)
    ]
    if open_:
        yield f"{', '.join(open_)} is not true"


def refuses_plain_requests(bucket: Resource, stack: Stack) -> Iterator[str]:
    policies = _of(bucket, stack, BUCKET_POLICY)
    if not any(
        _is_tls_only(statement)
        for policy in policies
        for statement in statements(policy.inputs.get("policy"))
    ):
        yield "no statement of its policy refuses requests without TLS"


def _is_tls_only(statement: Mapping[str, Any]) -> bool:
    return (
        at(statement, "Effect") == "Deny"
        and ("AWS", "*") in principals(statement)
        and bool({"s3:*", "*"} & set(items(at(statement, "Action"))))
        and ("Bool", "aws:SecureTransport", "false")
        in {(operator, key, value.lower()) for operator, key, value in conditions(statement)}
    )


def is_encrypted_with_its_own_key(bucket: Resource, stack: Stack) -> Iterator[str]:
    rules = [
        (configuration, index, rule)
        for configuration in _of(bucket, stack, BUCKET_ENCRYPTION)
        for index, rule in enumerate(items(configuration.inputs.get("rules")))
    ]
    if not rules:
        yield "its encryption is not configured, so S3's own keys serve"
    default = "applyServerSideEncryptionByDefault"
    for configuration, index, rule in rules:
        if not str(at(rule, default, "sseAlgorithm")).startswith("aws:kms"):
            yield f"it is encrypted with {at(rule, default, 'sseAlgorithm')} instead of aws:kms"
        elif not own_key(configuration, stack, "rules", index, default, "kmsMasterKeyId"):
            yield "its key is not a customer-managed one"
        elif at(rule, "bucketKeyEnabled") is not True:
            yield "bucketKeyEnabled is not true"


def keeps_versions(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not any(
        at(versioning.inputs, "versioningConfiguration", "status") == "Enabled"
        for versioning in _of(bucket, stack, BUCKET_VERSIONING)
    ):
        yield "versioning is not enabled"


def aborts_unfinished_uploads(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not any(
        at(rule, "status") == "Enabled" and at(rule, "abortIncompleteMultipartUpload")
        for lifecycle in _of(bucket, stack, BUCKET_LIFECYCLE)
        for rule in items(lifecycle.inputs.get("rules"))
    ):
        yield "no lifecycle rule aborts unfinished multipart uploads"


def owns_its_objects(bucket: Resource, stack: Stack) -> Iterator[str]:
    if not any(
        at(ownership.inputs, "rule", "objectOwnership") == "BucketOwnerEnforced"
        for ownership in _of(bucket, stack, BUCKET_OWNERSHIP)
    ):
        yield "objectOwnership is not BucketOwnerEnforced"


def is_not_emptied_by_force(bucket: Resource, stack: Stack) -> Iterator[str]:
    if stack.protected and bucket.inputs.get("forceDestroy"):
        yield "forceDestroy is true"


def keeps_logs_for_a_time(group: Resource, stack: Stack) -> Iterator[str]:
    if not group.inputs.get("retentionInDays"):
        yield "retentionInDays is not set, so logs are kept and paid for without end"


def is_encrypted(group: Resource, stack: Stack) -> Iterator[str]:
    if not own_key(group, stack, "kmsKeyId"):
        yield "kmsKeyId is not a customer-managed key"


CONTROLS = (
    Control(
        row=19,
        name="buckets",
        requires="buckets are private, versioned, TLS only, encrypted with a customer-managed key, "
        "own their objects and abort unfinished uploads (production: no forceDestroy)",
        ids=(
            *("S3.5", "S3.8", "S3.10", "S3.12", "S3.13"),
            *("CKV_AWS_21", "CKV_AWS_145", "CKV_AWS_300", "CKV2_AWS_61"),
        ),
        severity=Severity.CRITICAL,
        checks={
            BUCKET: (
                is_not_public,
                refuses_plain_requests,
                is_encrypted_with_its_own_key,
                keeps_versions,
                aborts_unfinished_uploads,
                owns_its_objects,
                is_not_emptied_by_force,
            )
        },
    ),
    Control(
        row=22,
        name="log-groups",
        requires="log groups have a retention and a customer-managed key",
        ids=("CKV_AWS_66", "CKV_AWS_158", "CKV_AWS_338"),
        severity=Severity.MEDIUM,
        checks={LOG_GROUP: (keeps_logs_for_a_time, is_encrypted)},
    ),
)
