"""SQL over the request logs: a database of tables, a workgroup with limits, named queries."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.analytics_policies import log_reader_policy
from infra.aws_account import AwsAccount
from infra.copied_logs import copied_logs
from infra.durability import DurabilityPolicy
from infra.encryption import EncryptionKeys
from infra.log_queries import log_queries
from infra.log_storage import LogStorage
from infra.log_tables import log_tables
from infra.naming import Naming
from infra.private_bucket import PrivateBucket, PrivateBucketArgs, expiry
from infra.settings import Settings

_GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class LogAnalyticsArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    durability: DurabilityPolicy
    logs: LogStorage
    keys: EncryptionKeys


class LogAnalytics(pulumi.ComponentResource):
    """A Glue database whose tables need no crawler, and an Athena workgroup for it.

    The workgroup stops a query that reads more than ``logAnalytics.scanLimitGib``, and writes all
    results to a bucket of their own, encrypted, where they expire. Whoever asks cannot choose
    otherwise. ``reader_policy_arn`` is a policy that allows no more than to query. A stack that
    took over from another region has a second database, ``<database>_copies``, of the same tables
    over the copied logs of the stack that was left.
    """

    database: str
    workgroup: str
    reader_policy_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LogAnalyticsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:log-analytics:LogAnalytics", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        # Athena takes no hyphens without quotes.
        self.database = args.naming.database
        self.workgroup = args.naming.named("logs")
        self._tables(self.database, args.logs.bucket_name)
        self._copied = copied_logs(args.naming, args.account, args.settings)
        if self._copied:
            self._tables(self._copied.database, self._copied.bucket_name, "copied-")
        results = self._results_bucket()
        self._queries(results)
        self.reader_policy_arn = self._reader_policy(results)
        self.register_outputs({"database": self.database, "workgroup": self.workgroup})

    def _tables(self, name: str, bucket: str, label: str = "") -> None:
        args = self._args
        database = aws.glue.CatalogDatabase(
            f"{label}logs",
            name=name,
            description=f"{args.naming.prefix}: request logs and archived spend in {bucket}",
            opts=self._child,
        )
        for table in log_tables(args.settings, bucket):
            aws.glue.CatalogTable(
                f"{label}{table.name}",
                name=table.name,
                database_name=database.name,
                description=table.description,
                table_type="EXTERNAL_TABLE",
                parameters=table.parameters,
                partition_keys=table.partition_keys,
                storage_descriptor=table.storage_descriptor,
                opts=self._child,
            )

    def _results_bucket(self) -> PrivateBucket:
        args = self._args
        name = args.naming.bucket("results", args.account.account_id, args.account.region)
        days = args.settings.log_analytics.result_days
        bucket_args = PrivateBucketArgs(
            bucket_name=name,
            partition=args.account.partition,
            durability=args.durability,
            key_arn=args.keys.logs,
            lifecycle_rules=[expiry(days, noncurrent_days=1)],
            protected=False,
        )
        return PrivateBucket("results", bucket_args, self._child)

    def _queries(self, results: PrivateBucket) -> None:
        args = self._args
        workgroup = aws.athena.Workgroup(
            "logs",
            name=self.workgroup,
            description=f"{args.naming.prefix}: queries over request logs",
            # It holds no data but the history of queries, which would keep it from being deleted.
            force_destroy=True,
            configuration={
                "enforce_workgroup_configuration": True,
                "publish_cloudwatch_metrics_enabled": True,
                "bytes_scanned_cutoff_per_query": args.settings.log_analytics.scan_limit_gib * _GIB,
                "engine_version": {"selected_engine_version": "Athena engine version 3"},
                "result_configuration": {
                    "output_location": results.id.apply(lambda name: f"s3://{name}/"),
                    "expected_bucket_owner": args.account.account_id,
                    "encryption_configuration": {
                        "encryption_option": "SSE_KMS",
                        "kms_key_arn": args.keys.logs,
                    },
                },
            },
            opts=self._child,
        )
        for query in log_queries(args.settings):
            aws.athena.NamedQuery(
                query.name,
                name=query.name,
                description=query.description,
                database=self.database,
                workgroup=workgroup.name,
                query=query.text,
                opts=self._child,
            )

    def _reader_policy(self, results: PrivateBucket) -> pulumi.Output[str]:
        args, account = self._args, self._args.account
        place = f"{account.region}:{account.account_id}"
        databases, buckets, keys = [self.database], [], [args.keys.logs]
        if copied := self._copied:
            databases.append(copied.database)
            buckets.append(f"arn:{account.partition}:s3:::{copied.bucket_name}")
            invoke = pulumi.InvokeOutputOptions(parent=self)
            keys.append(aws.kms.get_key_output(key_id=copied.key_alias, opts=invoke).arn)
        document = pulumi.Output.all(args.logs.bucket_arn, results.arn, *keys).apply(
            lambda known: log_reader_policy(
                workgroup_arn=f"arn:{account.partition}:athena:{place}:workgroup/{self.workgroup}",
                catalog_arn=f"arn:{account.partition}:glue:{place}",
                databases=databases,
                bucket_arns=[known[0], *buckets],
                results_arn=known[1],
                key_arns=known[2:],
            )
        )
        return aws.iam.Policy(
            "log-reader",
            name=args.naming.named("log-reader"),
            description="Query the request logs, and nothing else",
            policy=document,
            opts=self._child,
        ).arn
