"""A bucket for data of the gateway's users, with every protection that S3 has for it."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.durability import DurabilityPolicy
from infra.iam_policies import tls_only_bucket_policy


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    bucket_name: str
    partition: str
    durability: DurabilityPolicy
    key_arn: pulumi.Input[str] | None
    """None: S3's own keys, for those who write with no others."""
    lifecycle_rules: Any
    protected: bool = True
    """Whether a protected stack refuses to let go of it. It never deletes it, either way."""
    region: str | None = None
    """Region of the bucket; None: the provider's."""
    policy: str | None = None
    """Bucket policy, which must refuse requests without TLS; None: it does that alone."""
    object_lock_days: int | None = None
    """Days in which no version can be deleted; takes effect when the bucket is made."""


class PrivateBucket(pulumi.ComponentResource):
    """Private, versioned, encrypted with one key, owned by its account, reached by TLS only.

    Unless the stack is disposable it outlives the stack, as protected as before.
    ``versioning`` is what a replication must wait for, ``policy`` what a service that writes must.
    """

    id: pulumi.Output[str]
    arn: pulumi.Output[str]
    versioning: aws.s3.BucketVersioning
    policy: aws.s3.BucketPolicy

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:private-bucket:PrivateBucket", name, None, opts)
        # A bucket with objects in it cannot be deleted: it stays, with all that protects them.
        stays = not args.durability.force_destroy_bucket
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=stays)
        bucket = aws.s3.Bucket(
            name,
            bucket=args.bucket_name,
            force_destroy=args.durability.force_destroy_bucket,
            object_lock_enabled=args.object_lock_days is not None or None,
            region=args.region,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.durability.protect and args.protected,
                retain_on_delete=stays,
            ),
        )
        self.id, self.arn = bucket.id, bucket.arn
        public = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            region=args.region,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            name,
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            region=args.region,
            opts=child,
        )
        self.versioning = aws.s3.BucketVersioning(
            name,
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            region=args.region,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[_encryption(args.key_arn)],
            region=args.region,
            opts=child,
        )
        self.policy = aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=args.policy
            or tls_only_bucket_policy(f"arn:{args.partition}:s3:::{args.bucket_name}"),
            region=args.region,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[public], retain_on_delete=stays),
        )
        versioned = pulumi.ResourceOptions(
            parent=self, depends_on=[self.versioning], retain_on_delete=stays
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=args.lifecycle_rules,
            region=args.region,
            opts=versioned,
        )
        if args.object_lock_days is not None:
            aws.s3.BucketObjectLockConfiguration(
                name,
                bucket=bucket.id,
                rule={"default_retention": {"mode": "COMPLIANCE", "days": args.object_lock_days}},
                region=args.region,
                opts=versioned,
            )
        self.register_outputs({})


def expiry(days: int, noncurrent_days: int) -> dict[str, Any]:
    """Return the lifecycle rule of a bucket whose objects all end at the same age."""
    return {
        "id": "expiry",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"days": days},
        "noncurrent_version_expiration": {"noncurrent_days": noncurrent_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }


def _encryption(key_arn: pulumi.Input[str] | None) -> Any:
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
    return {"apply_server_side_encryption_by_default": default, "bucket_key_enabled": True}
