"""The trail of who read secrets and called Bedrock, and the filter that watches the master key."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.audit_documents import (
    cloudwatch_delivery_policy,
    cloudwatch_delivery_trust,
    trail_bucket_policy,
)
from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.log_filters import LogFilter
from infra.naming import Naming
from infra.private_bucket import PrivateBucket, PrivateBucketArgs, expiry
from infra.setting_sections import AuditSettings

# Key operations come by the thousand, and each copy after an account's first costs. Bedrock's and
# Secrets Manager's calls are management events, which a trail can select by no other source:
# docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
_NOT_RECORDED = ("kms.amazonaws.com", "rdsdata.amazonaws.com")


@dataclass(frozen=True, kw_only=True)
class AuditTrailArgs:
    naming: Naming
    account: AwsAccount
    settings: AuditSettings
    durability: DurabilityPolicy
    key_arn: pulumi.Input[str]
    filters: Sequence[LogFilter]
    metric_namespace: str


class AuditTrail(pulumi.ComponentResource):
    """A trail of all regions into a bucket and a log group of its own, and filters on it.

    With an organisation's trail only the filters are made, on the log group that it fills.
    Log files are signed and encrypted; with Object Lock nobody can delete them before their time.
    """

    log_group_name: str

    def __init__(
        self, name: str, args: AuditTrailArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:audit-trail:AuditTrail", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        given = args.settings.organization_trail_log_group
        self.log_group_name = given or f"/litellm/{args.naming.stack}/audit"
        needed = [] if given else [self._trail()]
        for one in args.filters:
            aws.cloudwatch.LogMetricFilter(
                one.name,
                name=args.naming.named(one.name),
                log_group_name=self.log_group_name,
                pattern=one.pattern,
                metric_transformation={
                    "namespace": args.metric_namespace,
                    "name": one.metric,
                    "value": "1",
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
            )
        self.register_outputs({"logGroup": self.log_group_name})

    def _trail(self) -> aws.cloudtrail.Trail:
        args, account = self._args, self._args.account
        name = args.naming.named("audit")
        trail_arn = (
            f"arn:{account.partition}:cloudtrail:{account.region}:{account.account_id}:trail/{name}"
        )
        bucket = self._bucket(trail_arn)
        group = aws.cloudwatch.LogGroup(
            "audit",
            name=self.log_group_name,
            retention_in_days=args.settings.log_retention_days,
            kms_key_id=args.key_arn,
            opts=self._child,
        )
        role = aws.iam.Role(
            "audit",
            name=name,
            assume_role_policy=cloudwatch_delivery_trust(trail_arn),
            opts=self._child,
        )
        delivery = aws.iam.RolePolicy(
            "audit",
            name="log-delivery",
            role=role.name,
            policy=cloudwatch_delivery_policy(
                f"arn:{account.partition}:logs:{account.region}:{account.account_id}:log-group:"
                f"{self.log_group_name}",
                account.account_id,
            ),
            opts=self._child,
        )
        return aws.cloudtrail.Trail(
            "audit",
            name=name,
            s3_bucket_name=bucket.id,
            kms_key_id=args.key_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            cloud_watch_logs_group_arn=pulumi.Output.concat(group.arn, ":*"),
            cloud_watch_logs_role_arn=role.arn,
            advanced_event_selectors=[
                {
                    "name": "Management events",
                    "field_selectors": [
                        {"field": "eventCategory", "equals": ["Management"]},
                        {"field": "eventSource", "not_equals": list(_NOT_RECORDED)},
                    ],
                }
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[bucket.policy, delivery]),
        )

    def _bucket(self, trail_arn: str) -> PrivateBucket:
        args, account = self._args, self._args.account
        # Known in a preview, and unique: bucket names are shared by all accounts.
        name = args.naming.bucket("audit", account.account_id, account.region)
        days = args.settings.retention_days
        bucket_args = PrivateBucketArgs(
            bucket_name=name,
            partition=account.partition,
            durability=args.durability,
            key_arn=args.key_arn,
            # Nothing overwrites a trail's files: what is noncurrent was deleted by someone.
            lifecycle_rules=[expiry(days, noncurrent_days=days)],
            policy=trail_bucket_policy(
                f"arn:{account.partition}:s3:::{name}", account.account_id, trail_arn
            ),
            object_lock_days=args.settings.object_lock_days,
        )
        return PrivateBucket("audit", bucket_args, self._child)
