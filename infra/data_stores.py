"""The two stores of the gateway's state: database and cache, side by side in the data subnets."""

from dataclasses import dataclass

import pulumi

from infra.aws_account import AwsAccount
from infra.cache import Cache, CacheArgs
from infra.cluster import Cluster
from infra.credentials import Credentials
from infra.database import Database, DatabaseArgs
from infra.durability import DurabilityPolicy
from infra.naming import Naming
from infra.network import DataStorePlacement, Network
from infra.secret_families import CACHE
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class DataStoresArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    durability: DurabilityPolicy
    network: Network
    cluster: Cluster
    credentials: Credentials
    key_arn: pulumi.Input[str]


class DataStores(pulumi.ComponentResource):
    """PostgreSQL and Valkey, which the cluster's nodes and pods reach and nothing else does."""

    database: Database
    cache: Cache

    def __init__(
        self, name: str, args: DataStoresArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:data-stores:DataStores", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placement = DataStorePlacement(
            vpc_id=args.network.vpc_id,
            subnet_ids=args.network.data_subnet_ids,
            client_security_group_id=args.cluster.security_group_id,
        )
        self.database = Database(
            "database",
            DatabaseArgs(
                naming=args.naming,
                settings=args.settings.database,
                durability=args.durability,
                partition=args.account.partition,
                placement=placement,
                key_arn=args.key_arn,
            ),
            child,
        )
        self.cache = Cache(
            "cache",
            CacheArgs(
                naming=args.naming,
                settings=args.settings.cache,
                placement=placement,
                key_arn=args.key_arn,
                passwords=args.credentials.passwords(CACHE),
            ),
            child,
        )
        self.register_outputs({})
