"""ElastiCache for Valkey: rate limits and cached keys that all pods share."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.durability import DurabilityPolicy
from infra.naming import Naming
from infra.network import DataStorePlacement, data_store_security_group
from infra.setting_sections import CacheSettings

PORT = 6379
USER = "litellm"

_LOGS = ("slow-log", "engine-log")


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    naming: Naming
    settings: CacheSettings
    durability: DurabilityPolicy
    placement: DataStorePlacement
    key_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]
    passwords: list[pulumi.Output[str]]
    """One or two, the newest epoch's last; both are valid while pods roll."""


class Cache(pulumi.ComponentResource):
    """A replication group with TLS, encryption at rest and one named user; ``default`` is shut."""

    host: pulumi.Output[str]
    user: aws.elasticache.User

    def __init__(
        self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:cache:Cache", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        # Names are the stack's own: a replacement cannot exist beside what it replaces.
        self._sole = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        settings, durability = args.settings, args.durability
        subnets = aws.elasticache.SubnetGroup(
            "cache",
            name=args.naming.named("cache"),
            subnet_ids=args.placement.subnet_ids,
            opts=self._sole,
        )
        security_group = data_store_security_group("cache", args.naming, args.placement, PORT, self)
        highly_available = settings.replicas > 0
        at_once = settings.apply_immediately
        identifier = args.naming.named("cache")
        cache = aws.elasticache.ReplicationGroup(
            "cache",
            replication_group_id=identifier,
            description=f"{args.naming.prefix}: rate limits and cached keys",
            engine="valkey",
            engine_version=settings.engine_version,
            node_type=settings.node_type,
            num_cache_clusters=1 + settings.replicas,
            automatic_failover_enabled=highly_available,
            multi_az_enabled=highly_available,
            port=PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[security_group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            transit_encryption_enabled=True,
            user_group_ids=[self._user_group().user_group_id],
            snapshot_retention_limit=1,
            final_snapshot_identifier=self._final_snapshot(identifier),
            log_delivery_configurations=self._log_delivery(identifier),
            auto_minor_version_upgrade=True,
            apply_immediately=durability.apply_immediately if at_once is None else at_once,
            opts=self._sole,
        )
        self.host = cache.primary_endpoint_address
        self.register_outputs({"host": self.host})

    def _user_group(self) -> aws.elasticache.UserGroup:
        """The application's user, and ``default`` without any right.

        Valkey shuts ``default`` by itself where a group lacks it; the group says so, because Redis
        OSS and CloudFormation demand a user of that name:
        docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
        """
        naming = self._args.naming
        self.user = aws.elasticache.User(
            "cache",
            user_id=naming.named("cache"),
            user_name=USER,
            engine="valkey",
            # ElastiCache refuses to make users with restricted commands, such as CONFIG.
            access_string="on ~* &* +@all -@dangerous +info +keys",
            authentication_mode={"type": "password", "passwords": self._args.passwords},
            opts=self._sole,
        )
        password = random.RandomPassword(
            "cache-default", length=40, special=False, opts=self._child
        ).result
        default = aws.elasticache.User(
            "cache-default",
            user_id=naming.named("cache-default"),
            user_name="default",
            engine="valkey",
            access_string="off ~* -@all",
            authentication_mode={"type": "password", "passwords": [password]},
            opts=self._sole,
        )
        return aws.elasticache.UserGroup(
            "cache",
            user_group_id=naming.named("cache"),
            engine="valkey",
            user_ids=[self.user.user_id, default.user_id],
            opts=self._sole,
        )

    def _final_snapshot(self, identifier: str) -> pulumi.Output[str] | None:
        """A name that no earlier life of the cache has left behind."""
        if not self._args.durability.final_snapshot:
            return None
        suffix = random.RandomId("cache-final", byte_length=4, opts=self._child)
        return pulumi.Output.concat(identifier, "-final-", suffix.hex)

    def _log_delivery(
        self, identifier: str
    ) -> list[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
        """Log groups of the stack's own, encrypted and with an end, before anything is written."""
        return [
            aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                destination=aws.cloudwatch.LogGroup(
                    f"cache-{log}",
                    name=f"/aws/elasticache/{identifier}/{log}",
                    retention_in_days=self._args.durability.log_retention_days,
                    kms_key_id=self._args.log_key_arn,
                    opts=self._child,
                ).name,
                destination_type="cloudwatch-logs",
                log_format="json",
                log_type=log,
            )
            for log in _LOGS
        ]
