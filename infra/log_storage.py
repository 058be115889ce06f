"""The bucket of request logs, and where its objects go as they age."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.iam_policies import tls_only_bucket_policy
from infra.naming import Naming
from infra.setting_sections import LogStorageSettings

LOG_PREFIX = "logs"


@dataclass(frozen=True, kw_only=True)
class LogStorageArgs:
    naming: Naming
    account: AwsAccount
    settings: LogStorageSettings
    durability: DurabilityPolicy
    key_arn: pulumi.Input[str]
    further_rules: Sequence[Any] = ()
    """Lifecycle of what else lies in the bucket."""


class LogStorage(pulumi.ComponentResource):
    """A private, versioned, encrypted bucket whose objects move through tiers and then expire.

    Objects below 128 KB are moved too: the lifecycle service skips them unless a size filter
    says otherwise, and one request's log is about 12 KB.
    """

    bucket_name: str
    bucket_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LogStorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:log-storage:LogStorage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = args.account
        # Known in a preview, and unique: bucket names are shared by all accounts.
        self.bucket_name = f"{args.naming.named('logs')}-{account.account_id}-{account.region}"
        bucket = aws.s3.Bucket(
            "logs",
            bucket=self.bucket_name,
            force_destroy=args.durability.force_destroy_bucket,
            opts=pulumi.ResourceOptions(parent=self, protect=args.durability.protect),
        )
        public = aws.s3.BucketPublicAccessBlock(
            "logs",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            "logs", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=child
        )
        versioning = aws.s3.BucketVersioning(
            "logs", bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "logs",
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=child,
        )
        aws.s3.BucketPolicy(
            "logs",
            bucket=bucket.id,
            policy=bucket.arn.apply(tls_only_bucket_policy),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[public]),
        )
        aws.s3.BucketLifecycleConfiguration(
            "logs",
            bucket=bucket.id,
            rules=[*_lifecycle(args.settings), *args.further_rules],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucketName": self.bucket_name})


def _lifecycle(settings: LogStorageSettings) -> list[Any]:
    """Rules of the bucket; a tier that lies beyond the retention is left out."""
    tiers = (
        (settings.infrequent_access_days, "STANDARD_IA"),
        (settings.glacier_days, "GLACIER_IR"),
        (settings.deep_archive_days, "DEEP_ARCHIVE"),
    )
    return [
        {
            "id": "age",
            "status": "Enabled",
            # The smallest size that the filter takes; it replaces the default of 128 KB.
            "filter": {"and_": {"prefix": f"{LOG_PREFIX}/", "object_size_greater_than": 1}},
            "transitions": [
                {"days": days, "storage_class": tier}
                for days, tier in tiers
                if days < settings.retention_days
            ],
            "expiration": {"days": settings.retention_days},
            "noncurrent_version_expiration": {"noncurrent_days": settings.expire_noncurrent_days},
        },
        {
            "id": "unfinished-uploads",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]
