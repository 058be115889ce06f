"""ElastiCache for Valkey: rate limits and cached keys that all pods share."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.naming import Naming
from infra.network import DataStorePlacement, data_store_security_group
from infra.setting_sections import CacheSettings

PORT = 6379
USER = "litellm"


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    naming: Naming
    settings: CacheSettings
    placement: DataStorePlacement
    key_arn: pulumi.Input[str]
    passwords: list[pulumi.Output[str]]
    """One or two, the serving epoch's last; both are valid while pods roll."""


class Cache(pulumi.ComponentResource):
    """A replication group with TLS, encryption at rest and one named user."""

    host: pulumi.Output[str]
    user: aws.elasticache.User

    def __init__(
        self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:cache:Cache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        subnets = aws.elasticache.SubnetGroup(
            "cache",
            name=args.naming.named("cache"),
            subnet_ids=args.placement.subnet_ids,
            opts=child,
        )
        security_group = data_store_security_group("cache", args.naming, args.placement, PORT, self)
        self.user = aws.elasticache.User(
            "cache",
            user_id=args.naming.named("cache"),
            user_name=USER,
            engine="valkey",
            # ElastiCache refuses to make users with restricted commands, such as CONFIG:
            # docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
            access_string="on ~* &* +@all -@dangerous +info +keys",
            authentication_mode={"type": "password", "passwords": args.passwords},
            opts=child,
        )
        group = aws.elasticache.UserGroup(
            "cache",
            user_group_id=args.naming.named("cache"),
            engine="valkey",
            user_ids=[self.user.user_id],
            opts=child,
        )
        highly_available = args.settings.replicas > 0
        cache = aws.elasticache.ReplicationGroup(
            "cache",
            replication_group_id=args.naming.named("cache"),
            description=f"{args.naming.prefix}: rate limits and cached keys",
            engine="valkey",
            engine_version=args.settings.engine_version,
            node_type=args.settings.node_type,
            num_cache_clusters=1 + args.settings.replicas,
            automatic_failover_enabled=highly_available,
            multi_az_enabled=highly_available,
            port=PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[security_group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            transit_encryption_enabled=True,
            user_group_ids=[group.user_group_id],
            snapshot_retention_limit=1,
            auto_minor_version_upgrade=True,
            apply_immediately=True,
            opts=child,
        )
        self.host = cache.primary_endpoint_address
        self.register_outputs({"host": self.host})
