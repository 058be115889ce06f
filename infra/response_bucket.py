"""The bucket of answers that are given again, in stacks that keep them in S3."""

import math
from dataclasses import dataclass

import pulumi

from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.naming import Naming
from infra.private_bucket import PrivateBucket, PrivateBucketArgs, expiry

_SECONDS_A_DAY = 86400


@dataclass(frozen=True, kw_only=True)
class ResponseBucketArgs:
    naming: Naming
    account: AwsAccount
    durability: DurabilityPolicy
    key_arn: pulumi.Input[str]
    ttl_seconds: int


class ResponseBucket(pulumi.ComponentResource):
    """A private bucket whose objects end on the day after they may no longer be given.

    It is apart from the logs, which a lock may keep for years and a replication copies to another
    region: answers are what models said, and may always be deleted.
    """

    bucket_name: str
    bucket_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ResponseBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:response-bucket:ResponseBucket", name, None, opts)
        account = args.account
        self.bucket_name = args.naming.bucket("answers", account.account_id, account.region)
        bucket = PrivateBucket(
            "answers",
            PrivateBucketArgs(
                bucket_name=self.bucket_name,
                partition=account.partition,
                durability=args.durability,
                key_arn=args.key_arn,
                lifecycle_rules=[
                    expiry(days=math.ceil(args.ttl_seconds / _SECONDS_A_DAY), noncurrent_days=1)
                ],
                protected=False,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.bucket_arn = bucket.arn
        self.register_outputs({"bucketName": self.bucket_name})
