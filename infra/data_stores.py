"""The stores of the gateway's state: database and cache in the data subnets, copies elsewhere."""

from dataclasses import dataclass

import pulumi

from infra.aws_account import AwsAccount
from infra.cache import Cache, CacheArgs
from infra.cluster import Cluster
from infra.credentials import Credentials
from infra.database import Database, DatabaseArgs
from infra.disaster_recovery import DisasterRecovery, DisasterRecoveryArgs
from infra.durability import DurabilityPolicy
from infra.encryption import EncryptionKeys
from infra.log_storage import LogStorage
from infra.naming import Naming
from infra.network import DataStorePlacement, Network
from infra.response_bucket import ResponseBucket, ResponseBucketArgs
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
    keys: EncryptionKeys
    logs: LogStorage


class DataStores(pulumi.ComponentResource):
    """PostgreSQL and Valkey, which the cluster's nodes and pods reach and nothing else does.

    With a disaster-recovery region, backups and log objects are copied there. Answers that are
    kept in S3 have a bucket.
    """

    database: Database
    cache: Cache
    answers: ResponseBucket | None
    copies: DisasterRecovery | None

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
                restore=args.settings.restore,
                durability=args.durability,
                partition=args.account.partition,
                placement=placement,
                key_arn=args.keys.database,
                log_key_arn=args.keys.logs,
            ),
            child,
        )
        self.cache = Cache(
            "cache",
            CacheArgs(
                naming=args.naming,
                settings=args.settings.cache,
                durability=args.durability,
                placement=placement,
                key_arn=args.keys.database,
                log_key_arn=args.keys.logs,
                passwords=args.credentials.passwords(CACHE),
            ),
            child,
        )
        self.answers = None
        if args.settings.response_cache.backend == "s3":
            self.answers = ResponseBucket(
                "answers",
                ResponseBucketArgs(
                    naming=args.naming,
                    account=args.account,
                    durability=args.durability,
                    key_arn=args.keys.logs,
                    ttl_seconds=args.settings.response_cache.ttl_seconds,
                ),
                child,
            )
        self.copies = None
        if region := args.settings.disaster_recovery.region:
            self.copies = DisasterRecovery(
                "disaster-recovery",
                DisasterRecoveryArgs(
                    naming=args.naming,
                    account=args.account,
                    settings=args.settings,
                    durability=args.durability,
                    region=region,
                    keys=args.keys,
                    database=self.database,
                    logs=args.logs,
                ),
                child,
            )
        self.register_outputs({})
