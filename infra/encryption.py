"""Customer-managed keys, one for each kind of data, so that access to one never opens another."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.iam_policies import key_policy
from infra.naming import Naming


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    naming: Naming
    account: AwsAccount
    durability: DurabilityPolicy


class EncryptionKeys(pulumi.ComponentResource):
    """Keys with yearly rotation: cluster, database, logs and secrets."""

    cluster: pulumi.Output[str]
    database: pulumi.Output[str]
    logs: pulumi.Output[str]
    secrets: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:encryption:EncryptionKeys", name, None, opts)
        self._args = args
        self.cluster = self._key("cluster")
        self.database = self._key("database")
        self.logs = self._key("logs")
        self.secrets = self._key("secrets")
        self.register_outputs({})

    def _key(self, purpose: str) -> pulumi.Output[str]:
        args = self._args
        key = aws.kms.Key(
            purpose,
            description=f"{args.naming.prefix}: {purpose}",
            enable_key_rotation=True,
            deletion_window_in_days=args.durability.recovery_days,
            policy=key_policy(partition=args.account.partition, account=args.account.account_id),
            opts=pulumi.ResourceOptions(parent=self, protect=args.durability.protect),
        )
        aws.kms.Alias(
            purpose,
            name=f"alias/{args.naming.named(purpose)}",
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return key.arn
