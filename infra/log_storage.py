"""The bucket of request logs, and where its objects go as they age."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.access_logs import BUCKETS_PREFIX, AccessLogs
from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.naming import Naming
from infra.private_bucket import PrivateBucket, PrivateBucketArgs
from infra.setting_sections import LogStorageSettings

LOG_PREFIX = "logs"
AUDIT_PREFIX = "audit"
_TIERS = {
    "infrequentAccessDays": "STANDARD_IA",
    "glacierDays": "GLACIER_IR",
    "deepArchiveDays": "DEEP_ARCHIVE",
}


@dataclass(frozen=True, kw_only=True)
class LogStorageArgs:
    naming: Naming
    account: AwsAccount
    settings: LogStorageSettings
    durability: DurabilityPolicy
    key_arn: pulumi.Input[str]
    access_logs: AccessLogs
    further_rules: Sequence[Any] = ()
    """Lifecycle of what else lies in the bucket."""


class LogStorage(pulumi.ComponentResource):
    """A private bucket whose objects move through tiers and then expire; requests to it are logged.

    Objects below 128 KB are moved too: the lifecycle service skips them unless a size filter
    says otherwise, and one request's log is about 12 KB.
    """

    bucket_name: str
    bucket_arn: pulumi.Output[str]
    bucket: PrivateBucket

    def __init__(
        self, name: str, args: LogStorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:log-storage:LogStorage", name, None, opts)
        account = args.account
        # Known in a preview, and unique: bucket names are shared by all accounts.
        self.bucket_name = args.naming.bucket("logs", account.account_id, account.region)
        self.bucket = PrivateBucket(
            "logs",
            PrivateBucketArgs(
                bucket_name=self.bucket_name,
                partition=account.partition,
                durability=args.durability,
                key_arn=args.key_arn,
                lifecycle_rules=[*lifecycle_rules(args.settings), *args.further_rules],
                object_lock_days=args.settings.object_lock_days,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.bucket_arn = self.bucket.arn
        aws.s3.BucketLogging(
            "logs",
            bucket=self.bucket.id,
            target_bucket=args.access_logs.bucket_name,
            target_prefix=f"{BUCKETS_PREFIX}/{self.bucket_name}/",
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.access_logs]),
        )
        self.register_outputs({"bucketName": self.bucket_name})


def lifecycle_rules(settings: LogStorageSettings) -> list[Any]:
    """Return the rules of a bucket of log objects; a tier without days is left out."""
    return [
        {
            "id": "age",
            "status": "Enabled",
            # The smallest size that the filter takes; it replaces the default of 128 KB.
            "filter": {"and_": {"prefix": f"{LOG_PREFIX}/", "object_size_greater_than": 1}},
            "transitions": [
                {"days": days, "storage_class": _TIERS[key]}
                for key, days in settings.transitions.items()
            ],
            "expiration": {"days": settings.retention_days},
            "noncurrent_version_expiration": {"noncurrent_days": settings.expire_noncurrent_days},
        },
        {
            "id": "audit",
            "status": "Enabled",
            "filter": {"prefix": f"{AUDIT_PREFIX}/"},
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
