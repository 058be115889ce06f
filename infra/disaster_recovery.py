"""Copies in a second region, from which another stack can come up when this one's region is lost.

Secrets are copied by Secrets Manager itself (``credentials.py``); the rest is here.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.copied_logs import copies_bucket_name
from infra.database import Database
from infra.durability import DurabilityPolicy
from infra.encryption import EncryptionKeys
from infra.iam_policies import replication_policy, service_trust
from infra.log_storage import LogStorage, lifecycle_rules
from infra.log_tables import analytics_lifecycle_rules
from infra.naming import Naming
from infra.private_bucket import PrivateBucket, PrivateBucketArgs
from infra.settings import Settings

_RULE = "everything"


@dataclass(frozen=True, kw_only=True)
class DisasterRecoveryArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    durability: DurabilityPolicy
    region: str
    keys: EncryptionKeys
    database: Database
    logs: LogStorage


class DisasterRecovery(pulumi.ComponentResource):
    """Backups of every generation and log objects, copied and encrypted with a key there.

    A backup is there minutes after it is in the main region, and kept as long. Log objects
    follow within minutes; their deletion does not, so the copy outlives a mistake or an attack and
    ages by rules of its own.

    ``replication_dimensions`` are those of the metrics that S3 publishes of the copying.
    """

    bucket_name: str
    replication_dimensions: dict[str, str]

    def __init__(
        self, name: str, args: DisasterRecoveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:disaster-recovery:DisasterRecovery", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.keys.copies is None:
            raise ValueError("copies in a second region need a key there")
        self._key = args.keys.copies
        settings = args.settings
        for generation, arn in args.database.arns.items():
            aws.rds.InstanceAutomatedBackupsReplication(
                f"database-{generation}",
                source_db_instance_arn=arn,
                kms_key_id=self._key,
                retention_period=settings.database.backup_retention_days,
                region=args.region,
                opts=self._child,
            )
        self.bucket_name = copies_bucket_name(args.naming, args.account.account_id, args.region)
        self.replication_dimensions = {
            "SourceBucket": args.logs.bucket_name,
            "DestinationBucket": self.bucket_name,
            "RuleId": _RULE,
        }
        copies = PrivateBucket(
            "log-copies",
            PrivateBucketArgs(
                bucket_name=self.bucket_name,
                partition=args.account.partition,
                durability=args.durability,
                key_arn=self._key,
                lifecycle_rules=[
                    *lifecycle_rules(settings.log_storage),
                    *analytics_lifecycle_rules(settings),
                ],
                region=args.region,
                # A bucket with a lock can only be copied into one that has it too.
                object_lock_days=settings.log_storage.object_lock_days,
            ),
            self._child,
        )
        self._replicate(copies)
        self.register_outputs({"bucketName": self.bucket_name})

    def _replicate(self, copies: PrivateBucket) -> None:
        args = self._args
        role = aws.iam.Role(
            "log-replication",
            name=args.naming.named("log-replication"),
            assume_role_policy=service_trust("s3.amazonaws.com"),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            "log-replication",
            role=role.name,
            policy=pulumi.Output.all(
                args.logs.bucket_arn, copies.arn, args.keys.logs, self._key
            ).apply(
                lambda known: replication_policy(
                    source=known[0],
                    destination=known[1],
                    source_key=known[2],
                    destination_key=known[3],
                    regions=(args.account.region, args.region),
                )
            ),
            opts=self._child,
        )
        aws.s3.BucketReplicationConfig(
            "log-replication",
            bucket=args.logs.bucket.id,
            role=role.arn,
            rules=[
                {
                    "id": _RULE,
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Disabled"},
                    "source_selection_criteria": {
                        "sse_kms_encrypted_objects": {"status": "Enabled"}
                    },
                    "destination": {
                        "bucket": copies.arn,
                        "encryption_configuration": {"replica_kms_key_id": self._key},
                        "metrics": {"status": "Enabled"},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.logs.bucket.versioning, copies.versioning, policy],
            ),
        )
