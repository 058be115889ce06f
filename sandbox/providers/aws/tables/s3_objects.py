"""Objects in buckets."""

import base64
from pathlib import Path

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType


def _put_object(context: Context, _changed: set[str] | None = None) -> None:
    inputs, body = context.inputs, b""
    if inputs.get("content") is not None:
        body = inputs["content"].encode()
    elif inputs.get("contentBase64") is not None:
        body = base64.b64decode(inputs["contentBase64"])
    elif inputs.get("source") is not None:
        body = Path(inputs["source"].fields["path"]).read_bytes()
    context.call(OBJECT.create, extra={"Body": body})


def _create_object(context: Context) -> str:
    _put_object(context)
    return f"{context.inputs['bucket']}/{context.inputs['key']}"


def _head_object(context: Context) -> Properties:
    bucket, _, key = context.id.partition("/")
    answer: Properties = context.client().head_object(Bucket=bucket, Key=key)
    answer.pop("ResponseMetadata")
    return {**answer, "bucket": bucket, "key": key}


def _delete_object(context: Context) -> None:
    bucket, _, key = context.id.partition("/")
    context.client().delete_object(Bucket=bucket, Key=key)


_OBJECT_PROPERTIES = (
    "bucket",
    "key",
    "acl",
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "kmsKeyId",
    "metadata",
    "serverSideEncryption",
    "storageClass",
)

OBJECT = ResourceType(
    type="aws:s3/bucketObjectv2:BucketObjectv2",
    service="s3",
    create=Call("PutObject", properties=_OBJECT_PROPERTIES),
    id="{bucket}/{key}",
    reads=(_head_object,),
    arn="arn:{partition}:s3:::{id}",
    rename={"kmsKeyId": "SSEKMSKeyId", "acl": "ACL"},
    outputs={
        "etag": lambda _context, found: found["ETag"].strip('"'),
        "kmsKeyId": "SSEKMSKeyId",
        "storageClass": lambda _context, found: found.get("StorageClass", "STANDARD"),
    },
    defaults={"forceDestroy": False},
    name="key",
    name_prefix=None,
    also=("content", "contentBase64", "source", "sourceHash", "forceDestroy"),
    replace=("bucket", "key"),
    in_place=_OBJECT_PROPERTIES,
    creating=_create_object,
    updated=_put_object,
    deleting=_delete_object,
)

TYPES = (OBJECT,)
