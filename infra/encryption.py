"""Customer-managed keys, one for each kind of data, so that access to one never opens another."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.key_policies import log_key_policy, plain_key_policy, topic_key_policy
from infra.naming import Naming
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    durability: DurabilityPolicy


class EncryptionKeys(pulumi.ComponentResource):
    """Keys with yearly rotation; each attribute is the ARN of one.

    cluster: Kubernetes secrets. database: database and cache. secrets: Secrets Manager.
    logs: the log bucket, every log group of the region, trails. monitoring: notification topics.
    copies: backups, log objects and secrets in the disaster-recovery region; None without one.
    """

    cluster: pulumi.Output[str]
    database: pulumi.Output[str]
    logs: pulumi.Output[str]
    secrets: pulumi.Output[str]
    monitoring: pulumi.Output[str]
    copies: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:encryption:EncryptionKeys", name, None, opts)
        self._args = args
        place = (args.account.partition, args.account.account_id)
        plain = plain_key_policy(*place)
        self.cluster = self._key("cluster", plain)
        self.database = self._key("database", plain)
        self.logs = self._key("logs", log_key_policy(*place, args.account.region))
        self.secrets = self._key("secrets", plain)
        self.monitoring = self._key("monitoring", topic_key_policy(*place))
        elsewhere = args.settings.disaster_recovery.region
        self.copies = self._key("copies", plain, elsewhere) if elsewhere else None
        self.register_outputs({})

    def _key(self, purpose: str, policy: str, region: str | None = None) -> pulumi.Output[str]:
        args = self._args
        key = aws.kms.Key(
            purpose,
            description=f"{args.naming.prefix}: {purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=args.durability.recovery_days,
            policy=policy,
            region=region,
            opts=pulumi.ResourceOptions(parent=self, protect=args.durability.protect),
        )
        aws.kms.Alias(
            purpose,
            name=f"alias/{args.naming.named(purpose)}",
            target_key_id=key.key_id,
            region=region,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn
