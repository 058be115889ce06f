"""Buckets and their configurations."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_BUCKET = {"Bucket": "{id}"}
_DELETIONS = 20
_TAGS = Tagging(
    tag="PutBucketTagging",
    untag="DeleteBucketTagging",
    resource=_BUCKET,
    parameter=None,
    values="Tagging.TagSet",
    keys=None,
    whole=True,
    read=Call("GetBucketTagging", _BUCKET, result="TagSet"),
)


def _create_bucket(context: Context) -> str:
    # us-east-1 is the one region that may not be named.
    region = context.region
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    extra = {"CreateBucketConfiguration": place} if place else {}
    context.call(BUCKET.create, extra=extra)
    return str(context.inputs["bucket"])


def delete_by_force(context: Context) -> None:
    """Empty and delete a bucket that may be; without ``forceDestroy`` only an empty one is deleted.

    Logs are delivered meanwhile, so it is emptied again as long as it is not empty, as the real
    provider does (resourceBucketDelete in terraform-provider-aws).
    """
    if not context.values.get("forceDestroy"):
        return
    client = context.client()
    for left in reversed(range(_DELETIONS)):
        _empty(context, client)
        try:
            client.delete_bucket(Bucket=context.id)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketNotEmpty" or not left:
                raise
        else:
            return


def _empty(context: Context, client: Any) -> None:
    if client.get_bucket_versioning(Bucket=context.id).get("Status") == "Suspended":
        # moto fails on delete markers unless versions are on.
        enabled = {"Status": "Enabled"}
        client.put_bucket_versioning(Bucket=context.id, VersioningConfiguration=enabled)
    for page in client.get_paginator("list_object_versions").paginate(Bucket=context.id):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if objects:
            client.delete_objects(Bucket=context.id, Delete={"Objects": objects, "Quiet": True})


def _domain(template: str) -> Any:
    return lambda context, _found: template.format(bucket=context.id, region=context.region)


BUCKET = ResourceType(
    type="aws:s3/bucket:Bucket",
    service="s3",
    create=Call("CreateBucket", properties=("bucket", "objectLockEnabled")),
    id="{bucket}",
    reads=(lambda context: _head(context),),
    delete=Call("DeleteBucket", _BUCKET),
    arn="arn:{partition}:s3:::{id}",
    rename={"objectLockEnabled": "ObjectLockEnabledForBucket"},
    outputs={
        "bucket": lambda context, _found: context.id,
        "bucketDomainName": _domain("{bucket}.s3.amazonaws.com"),
        "bucketRegionalDomainName": _domain("{bucket}.s3.{region}.amazonaws.com"),
        "bucketRegion": lambda context, _found: context.region,
    },
    defaults={"forceDestroy": False},
    name="bucket",
    name_prefix="bucketPrefix",
    name_length=63,
    name_lower_case=True,
    also=("forceDestroy",),
    creating=_create_bucket,
    deleting=delete_by_force,
    tagging=_TAGS,
)


def _head(context: Context) -> Properties:
    context.client().head_bucket(Bucket=context.id)
    return {"bucket": context.id}


def _configuration(
    kind: str,
    put: str,
    get: str,
    delete: Call | None,
    result: str = "@",
    rename: Mapping[str, str] | None = None,
    **more: Any,
) -> ResourceType:
    """A part of a bucket's configuration: one operation writes it whole, the id is the bucket."""
    call = Call(put)
    return ResourceType(
        type=kind,
        service="s3",
        create=call,
        id="{bucket}",
        reads=(Call(get, _BUCKET, result=result),),
        updates=(call,),
        delete=delete,
        replace=("bucket",),
        rename=rename or {},
        outputs={"bucket": lambda context, _found: context.id, **more.pop("outputs", {})},
        delete_before_replace=True,
        **more,
    )


BUCKET_VERSIONING = _configuration(
    "aws:s3/bucketVersioning:BucketVersioning",
    "PutBucketVersioning",
    "GetBucketVersioning",
    Call("PutBucketVersioning", {**_BUCKET, "VersioningConfiguration": {"Status": "Suspended"}}),
    # A bucket that never had versions answers with nothing.
    result="Status && {versioningConfiguration: @}",
    rename={"mfa": "MFA", "versioningConfiguration.mfaDelete": "MFADelete"},
)

LIFECYCLE = _configuration(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "PutBucketLifecycleConfiguration",
    "GetBucketLifecycleConfiguration",
    Call("DeleteBucketLifecycle", _BUCKET),
    rename={
        "rules": "LifecycleConfiguration.Rules",
        "rules.abortIncompleteMultipartUpload.daysAfterInitiation": "DaysAfterInitiation",
    },
    outputs={"rules": "Rules"},
    defaults={"transitionDefaultMinimumObjectSize": "all_storage_classes_128K"},
    # moto drops these from what it is given.
    unread=(
        "transitionDefaultMinimumObjectSize",
        "rules.filter.objectSizeGreaterThan",
        "rules.filter.objectSizeLessThan",
        "rules.filter.and.objectSizeGreaterThan",
        "rules.filter.and.objectSizeLessThan",
    ),
)

PUBLIC_ACCESS_BLOCK = _configuration(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "PutPublicAccessBlock",
    "GetPublicAccessBlock",
    Call("DeletePublicAccessBlock", _BUCKET),
    result="PublicAccessBlockConfiguration",
    rename={
        name: f"PublicAccessBlockConfiguration.{name[0].upper()}{name[1:]}"
        for name in (
            "blockPublicAcls",
            "blockPublicPolicy",
            "ignorePublicAcls",
            "restrictPublicBuckets",
        )
    },
    defaults={
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    },
    also=("skipDestroy",),
)

BUCKET_POLICY = _configuration(
    "aws:s3/bucketPolicy:BucketPolicy",
    "PutBucketPolicy",
    "GetBucketPolicy",
    Call("DeleteBucketPolicy", _BUCKET),
)

ENCRYPTION = _configuration(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "PutBucketEncryption",
    "GetBucketEncryption",
    Call("DeleteBucketEncryption", _BUCKET),
    result="ServerSideEncryptionConfiguration",
    rename={"rules": "ServerSideEncryptionConfiguration.Rules"},
)

OWNERSHIP = _configuration(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "PutBucketOwnershipControls",
    "GetBucketOwnershipControls",
    Call("DeleteBucketOwnershipControls", _BUCKET),
    result="OwnershipControls",
    rename={"rule": "OwnershipControls.Rules"},
    outputs={"rule": "Rules[0]"},
)

LOGGING = _configuration(
    "aws:s3/bucketLogging:BucketLogging",
    "PutBucketLogging",
    "GetBucketLogging",
    Call("PutBucketLogging", {**_BUCKET, "BucketLoggingStatus": {}}),
    result="LoggingEnabled",
    rename={
        name: f"BucketLoggingStatus.LoggingEnabled.{name[0].upper()}{name[1:]}"
        for name in ("targetBucket", "targetPrefix", "targetGrants", "targetObjectKeyFormat")
    },
)


OBJECT_LOCK = _configuration(
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "PutObjectLockConfiguration",
    "GetObjectLockConfiguration",
    # What was turned on when the bucket was made stays on; only the default retention goes.
    Call(
        "PutObjectLockConfiguration",
        {**_BUCKET, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
    ),
    result="ObjectLockConfiguration",
    rename={
        "objectLockEnabled": "ObjectLockConfiguration.ObjectLockEnabled",
        "rule": "ObjectLockConfiguration.Rule",
    },
    defaults={"objectLockEnabled": "Enabled"},
)

REPLICATION = _configuration(
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "PutBucketReplication",
    "GetBucketReplication",
    Call("DeleteBucketReplication", _BUCKET),
    result="ReplicationConfiguration",
    rename={
        "role": "ReplicationConfiguration.Role",
        "rules": "ReplicationConfiguration.Rules",
        "rules.id": "ID",
        "rules.destination.encryptionConfiguration.replicaKmsKeyId": "ReplicaKmsKeyID",
    },
    # moto drops these from what it is given.
    unread=("rules.sourceSelectionCriteria", "rules.deleteMarkerReplication"),
)


TYPES = (
    BUCKET,
    BUCKET_VERSIONING,
    LIFECYCLE,
    PUBLIC_ACCESS_BLOCK,
    BUCKET_POLICY,
    ENCRYPTION,
    OWNERSHIP,
    LOGGING,
    OBJECT_LOCK,
    REPLICATION,
)
