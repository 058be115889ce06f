"""Where logs are kept and queried, composed: access logs, request logs, SQL over them."""

from dataclasses import dataclass

import pulumi

from infra.access_logs import AccessLogs, AccessLogsArgs
from infra.aws_account import AwsAccount
from infra.durability import DurabilityPolicy
from infra.encryption import EncryptionKeys
from infra.log_analytics import LogAnalytics, LogAnalyticsArgs
from infra.log_storage import LogStorage, LogStorageArgs
from infra.log_tables import analytics_lifecycle_rules
from infra.naming import Naming
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class LogArchiveArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    durability: DurabilityPolicy
    keys: EncryptionKeys


class LogArchive(pulumi.ComponentResource):
    """The bucket that AWS writes access logs to, that of request logs, and the way to query it."""

    access: AccessLogs
    requests: LogStorage

    def __init__(
        self, name: str, args: LogArchiveArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:log-archive:LogArchive", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        access_args = AccessLogsArgs(
            naming=args.naming,
            account=args.account,
            settings=args.settings.access_logs,
            durability=args.durability,
        )
        self.access = AccessLogs("access-logs", access_args, child)
        request_args = LogStorageArgs(
            naming=args.naming,
            account=args.account,
            settings=args.settings.log_storage,
            durability=args.durability,
            key_arn=args.keys.logs,
            access_logs=self.access,
            further_rules=analytics_lifecycle_rules(args.settings),
        )
        self.requests = LogStorage("log-storage", request_args, child)
        if args.settings.log_analytics.enabled:
            analytics_args = LogAnalyticsArgs(
                naming=args.naming,
                account=args.account,
                settings=args.settings,
                durability=args.durability,
                logs=self.requests,
                keys=args.keys,
            )
            LogAnalytics("log-analytics", analytics_args, child)
        self.register_outputs({})
