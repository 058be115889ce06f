"""The program: settings → components → exports. What each part is, its own module tells."""

import pulumi

from infra.aws_account import connect
from infra.cache import Cache, CacheArgs
from infra.cluster import Cluster, ClusterArgs
from infra.credentials import Credentials, CredentialsArgs
from infra.database import Database, DatabaseArgs
from infra.durability import POLICIES
from infra.encryption import EncryptionArgs, EncryptionKeys
from infra.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.log_storage import LogStorage, LogStorageArgs
from infra.naming import Naming
from infra.network import DataStorePlacement, Network, NetworkArgs
from infra.secret_families import CACHE
from infra.settings import load
from infra.workloads import Workloads, WorkloadsArgs

settings = load()
naming = Naming(stack=pulumi.get_stack(), extra_tags=settings.aws.tags)
durability = POLICIES[settings.durability]
account = connect(settings.aws, naming, settings.network.zones)
in_aws = pulumi.ResourceOptions(provider=account.provider)

network = Network(
    "network", NetworkArgs(naming=naming, account=account, settings=settings.network), in_aws
)
keys = EncryptionKeys(
    "keys", EncryptionArgs(naming=naming, account=account, durability=durability), in_aws
)
cluster = Cluster(
    "cluster",
    ClusterArgs(
        naming=naming,
        account=account,
        settings=settings.cluster,
        subnet_ids=network.private_subnet_ids,
        key_arn=keys.cluster,
    ),
    in_aws,
)
credentials = Credentials(
    "credentials",
    CredentialsArgs(naming=naming, settings=settings, durability=durability, key_arn=keys.secrets),
    in_aws,
)
logs = LogStorage(
    "log-storage",
    LogStorageArgs(
        naming=naming,
        account=account,
        settings=settings.log_storage,
        durability=durability,
        key_arn=keys.logs,
    ),
    in_aws,
)
placement = DataStorePlacement(
    vpc_id=network.vpc_id,
    subnet_ids=network.data_subnet_ids,
    client_security_group_id=cluster.security_group_id,
)
database = Database(
    "database",
    DatabaseArgs(
        naming=naming,
        settings=settings.database,
        durability=durability,
        partition=account.partition,
        placement=placement,
        key_arn=keys.database,
    ),
    in_aws,
)
cache = Cache(
    "cache",
    CacheArgs(
        naming=naming,
        settings=settings.cache,
        placement=placement,
        key_arn=keys.database,
        passwords=credentials.passwords(CACHE),
    ),
    in_aws,
)
load_balancer = LoadBalancer(
    "load-balancer",
    LoadBalancerArgs(
        naming=naming,
        settings=settings.load_balancer,
        durability=durability,
        vpc_id=network.vpc_id,
        vpc_cidr=network.cidr,
        subnet_ids=network.private_subnet_ids,
        cluster_name=cluster.name,
        cluster_security_group_id=cluster.security_group_id,
    ),
    in_aws,
)
workloads = Workloads(
    "workloads",
    WorkloadsArgs(
        naming=naming,
        account=account,
        settings=settings,
        cluster=cluster,
        subnet_ids=network.private_subnet_ids,
        credentials=credentials,
        secret_key_arns=[keys.secrets, keys.database],
        logs=logs,
        log_key_arn=keys.logs,
        database=database,
        cache=cache,
        load_balancer=load_balancer,
    ),
)

pulumi.export("gatewayUrl", load_balancer.url)
pulumi.export("clusterName", cluster.name)
pulumi.export("logBucket", logs.bucket_name)
pulumi.export("databaseIdentifier", database.identifier)
pulumi.export("databaseHost", database.host)
pulumi.export("cacheHost", cache.host)
pulumi.export("dashboards", workloads.dashboards)
pulumi.export("litellmConfig", workloads.gateway.config_text)
