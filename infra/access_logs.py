"""The bucket to which AWS itself writes: requests to the load balancer, requests to buckets."""

from dataclasses import dataclass

import pulumi

from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.iam_policies import document, tls_only_statement
from infra.naming import Naming
from infra.private_bucket import PrivateBucket, PrivateBucketArgs, expiry
from infra.setting_sections import AccessLogSettings

LOAD_BALANCER_PREFIX = "load-balancer"
CONNECTIONS_PREFIX = "connections"
BUCKETS_PREFIX = "buckets"


@dataclass(frozen=True, kw_only=True)
class AccessLogsArgs:
    naming: Naming
    account: AwsAccount
    settings: AccessLogSettings
    durability: DurabilityPolicy


class AccessLogs(pulumi.ComponentResource):
    """A private, versioned bucket whose objects expire; only log delivery may write to it.

    It is encrypted with S3's own keys, because neither of its writers takes others. What writes
    to it must depend on this component: a load balancer is refused while the policy is missing.
    The server access logs of another bucket go below ``BUCKETS_PREFIX``.
    """

    bucket_name: str

    def __init__(
        self, name: str, args: AccessLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:access-logs:AccessLogs", name, None, opts)
        account = args.account
        # Known in a preview, and unique: bucket names are shared by all accounts.
        self.bucket_name = args.naming.bucket("access", account.account_id, account.region)
        days = args.settings.retention_days
        bucket_args = PrivateBucketArgs(
            bucket_name=self.bucket_name,
            partition=account.partition,
            durability=args.durability,
            # docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
            # (SSE-S3 is the only encryption that load balancers write with) and
            # docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
            key_arn=None,
            # Log delivery never overwrites: what is noncurrent was deleted by someone.
            lifecycle_rules=[expiry(days, noncurrent_days=days)],
            protected=False,
            policy=delivery_policy(
                bucket_arn=f"arn:{account.partition}:s3:::{self.bucket_name}",
                account=account.account_id,
            ),
        )
        PrivateBucket("access-logs", bucket_args, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"bucketName": self.bucket_name})


def delivery_policy(*, bucket_arn: str, account: str) -> str:
    """Return a bucket policy that lets load balancers and buckets of one account write their logs.

    Load balancers write below ``<prefix>/AWSLogs/<their account>``: the path is the restriction.
    """
    return document(
        tls_only_statement(bucket_arn),
        {
            "Sid": "LoadBalancers",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": [
                f"{bucket_arn}/{prefix}/AWSLogs/{account}/*"
                for prefix in (LOAD_BALANCER_PREFIX, CONNECTIONS_PREFIX)
            ],
        },
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket_arn}/{BUCKETS_PREFIX}/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
    )
