"""RDS PostgreSQL, by generations: a restore makes a new database and never touches the old one."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.durability import DurabilityPolicy
from infra.iam_policies import service_trust
from infra.naming import Naming
from infra.network import DataStorePlacement, data_store_security_group
from infra.setting_sections import DatabaseSettings, RestoreSettings
from infra.setting_sections.restore import LATEST

DATABASE_NAME = "litellm"
MASTER_USER = "litellm_admin"
PORT = 5432

_LOGS = ("postgresql", "upgrade")
# All of them dynamic, so none waits for a restart:
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html
PARAMETERS = {
    "rds.force_ssl": "1",
    "log_connections": "1",
    "log_disconnections": "1",
    "log_lock_waits": "1",
    # Milliseconds. The values bound to a statement, which may be personal data, stay out of logs
    # (postgresql.org/docs/current/runtime-config-logging.html).
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    naming: Naming
    settings: DatabaseSettings
    restore: RestoreSettings
    durability: DurabilityPolicy
    partition: str
    placement: DataStorePlacement
    key_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]


class Database(pulumi.ComponentResource):
    """The serving generation and the retired ones, encrypted, TLS only, without public address.

    AWS owns and rotates the master secret. A retired generation stays declared, and protected,
    until it is taken out of ``database.retiredGenerations``; changing or clearing ``restore``
    replaces nothing. Log groups exist before RDS writes to them, so that they are encrypted, expire
    and go when the stack goes. ``resource_id`` is RDS's own name for the serving database, which no
    other one ever gets; ``arns`` are those of every generation.
    """

    arns: dict[int, pulumi.Output[str]]
    resource_id: pulumi.Output[str]
    host: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]
    identifier: pulumi.Output[str]

    def __init__(
        self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:database:Database", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        self._subnets = aws.rds.SubnetGroup(
            "database",
            name=args.naming.named("database"),
            subnet_ids=args.placement.subnet_ids,
            opts=child,
        )
        self._security_group = data_store_security_group(
            "database", args.naming, args.placement, PORT, self
        )
        family = f"postgres{args.settings.engine_version.split('.')[0]}"
        self._parameters = aws.rds.ParameterGroup(
            "database",
            name=args.naming.named(family),
            family=family,
            parameters=[{"name": name, "value": value} for name, value in PARAMETERS.items()],
            opts=child,
        )
        self._monitoring_role = self._monitoring()
        serving = self._instance(args.settings.generation, args.restore)
        self.arns = {args.settings.generation: serving.arn} | {
            generation: self._instance(generation, RestoreSettings()).arn
            for generation in sorted(args.settings.retired_generations)
        }
        self.resource_id = serving.resource_id
        self.host = serving.address
        self.identifier = serving.identifier
        self.master_secret_arn = serving.master_user_secrets[0].secret_arn
        self.register_outputs({"host": self.host})

    def _monitoring(self) -> aws.iam.Role:
        role = aws.iam.Role(
            "database-monitoring",
            name=self._args.naming.named("database-monitoring"),
            assume_role_policy=service_trust("monitoring.rds.amazonaws.com"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.iam.RolePolicyAttachment(
            "database-monitoring",
            role=role.name,
            policy_arn=f"arn:{self._args.partition}:iam::aws:policy/service-role/"
            "AmazonRDSEnhancedMonitoringRole",
            opts=pulumi.ResourceOptions(parent=self),
        )
        return role

    def _log_groups(self, generation: int, identifier: str) -> list[aws.cloudwatch.LogGroup]:
        return [
            aws.cloudwatch.LogGroup(
                f"database-{generation}-{log}",
                name=f"/aws/rds/instance/{identifier}/{log}",
                retention_in_days=self._args.durability.log_retention_days,
                kms_key_id=self._args.log_key_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for log in _LOGS
        ]

    def _final_snapshot(self, generation: int, identifier: str) -> pulumi.Output[str] | None:
        """A name that no earlier life of the generation has left behind."""
        if not self._args.durability.final_snapshot:
            return None
        suffix = random.RandomId(
            f"database-{generation}-final",
            byte_length=4,
            keepers={"generation": str(generation)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.concat(identifier, "-final-", suffix.hex)

    def _instance(self, generation: int, restore: RestoreSettings) -> aws.rds.Instance:
        settings, durability = self._args.settings, self._args.durability
        identifier = self._args.naming.named(f"database-{generation}")
        at_once = settings.apply_immediately
        return aws.rds.Instance(
            f"database-{generation}",
            identifier=identifier,
            engine="postgres",
            engine_version=settings.engine_version,
            instance_class=settings.instance_class,
            allocated_storage=settings.storage_gib,
            max_allocated_storage=settings.maximum_storage_gib,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=self._args.key_arn,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=self._args.key_arn,
            iam_database_authentication_enabled=True,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            port=PORT,
            publicly_accessible=False,
            multi_az=settings.multi_zone,
            db_subnet_group_name=self._subnets.name,
            vpc_security_group_ids=[self._security_group.id],
            parameter_group_name=self._parameters.name,
            backup_retention_period=settings.backup_retention_days,
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            enabled_cloudwatch_logs_exports=list(_LOGS),
            monitoring_interval=60,
            monitoring_role_arn=self._monitoring_role.arn,
            # Every class of RDS for PostgreSQL has it; seven days are what Database Insights'
            # standard mode includes:
            # docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PerfInsights.Overview.Engines.html
            performance_insights_enabled=True,
            performance_insights_retention_period=7,
            performance_insights_kms_key_id=self._args.key_arn,
            database_insights_mode="standard",
            deletion_protection=durability.deletion_protection,
            skip_final_snapshot=not durability.final_snapshot,
            final_snapshot_identifier=self._final_snapshot(generation, identifier),
            apply_immediately=durability.apply_immediately if at_once is None else at_once,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=durability.protect,
                # Where a database came from says nothing about what it should be now, and the key
                # of its backup stays that of its storage: any of these would replace it.
                ignore_changes=[
                    "snapshotIdentifier",
                    "restoreToPointInTime",
                    "dbName",
                    "username",
                    "storageEncrypted",
                    "kmsKeyId",
                ],
                depends_on=self._log_groups(generation, identifier),
            ),
            **_origin(restore),
        )


def _origin(restore: RestoreSettings) -> dict[str, Any]:
    """What makes a new instance empty or a copy; a copy has its name and user already."""
    if restore.snapshot:
        return {"snapshot_identifier": restore.snapshot}
    if (point := restore.point_in_time) is None:
        return {"db_name": DATABASE_NAME, "username": MASTER_USER}
    source = (
        "source_db_instance_automated_backups_arn"
        if point.source_is_a_copy
        else "source_db_instance_identifier"
    )
    moment = (
        {"use_latest_restorable_time": True}
        if point.time == LATEST
        else {"restore_time": point.time}
    )
    return {"restore_to_point_in_time": {source: point.source, **moment}}
