"""The program: settings → components → exports. What each part is, its own module tells."""

import pulumi

from infra.aws_account import connect
from infra.cluster import Cluster, ClusterArgs
from infra.configuration import load
from infra.credentials import Credentials, CredentialsArgs
from infra.data_stores import DataStores, DataStoresArgs
from infra.deployment_roles import deployment_roles
from infra.durability import POLICIES
from infra.encryption import EncryptionArgs, EncryptionKeys
from infra.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.log_archive import LogArchive, LogArchiveArgs
from infra.monitoring import Monitoring, MonitoringArgs
from infra.naming import Naming
from infra.network import Network, NetworkArgs
from infra.permissions_boundary import resource_options
from infra.workloads import Workloads, WorkloadsArgs

settings = load()
naming = Naming.of(pulumi.get_stack(), settings)
durability = POLICIES[settings.durability]
account = connect(settings.aws, naming)
in_aws = resource_options(naming, account, settings)
keys_args = EncryptionArgs(naming=naming, account=account, settings=settings, durability=durability)
keys = EncryptionKeys("keys", keys_args, in_aws)
network_args = NetworkArgs(naming=naming, account=account, settings=settings, log_key_arn=keys.logs)
network = Network("network", network_args, in_aws)
cluster_args = ClusterArgs(
    naming=naming,
    account=account,
    settings=settings.cluster,
    subnet_ids=network.private_subnet_ids,
    key_arn=keys.cluster,
    log_key_arn=keys.logs,
)
cluster = Cluster("cluster", cluster_args, in_aws)
credentials_args = CredentialsArgs(
    naming=naming, settings=settings, durability=durability, keys=keys
)
credentials = Credentials("credentials", credentials_args, in_aws)
logs_args = LogArchiveArgs(
    naming=naming, account=account, settings=settings, durability=durability, keys=keys
)
logs = LogArchive("log-archive", logs_args, in_aws)
stores_args = DataStoresArgs(
    naming=naming,
    account=account,
    settings=settings,
    durability=durability,
    network=network,
    cluster=cluster,
    credentials=credentials,
    keys=keys,
    logs=logs.requests,
)
stores = DataStores("data-stores", stores_args, in_aws)
load_balancer_args = LoadBalancerArgs(
    naming=naming,
    account=account,
    settings=settings,
    durability=durability,
    network=network,
    cluster=cluster,
    credentials=credentials,
    access_logs=logs.access,
    log_key_arn=keys.logs,
)
load_balancer = LoadBalancer("load-balancer", load_balancer_args, in_aws)
workloads_args = WorkloadsArgs(
    naming=naming,
    account=account,
    settings=settings,
    cluster=cluster,
    network=network,
    credentials=credentials,
    keys=keys,
    logs=logs.requests,
    stores=stores,
    load_balancer=load_balancer,
)
workloads = Workloads("workloads", workloads_args, in_aws)
load_balancer.point_names_here(workloads.gateway, in_aws)
monitoring_args = MonitoringArgs(stack=workloads_args, workloads=workloads, durability=durability)
monitoring = Monitoring("monitoring", monitoring_args, in_aws)
deployment_roles(naming, account, settings, cluster)

pulumi.export("gatewayUrl", load_balancer.url)
pulumi.export("adminUrl", load_balancer.admin_url)
pulumi.export("clusterName", cluster.name)
pulumi.export("secretNames", credentials.names)
pulumi.export("logBucket", logs.requests.bucket_name)
pulumi.export("databaseIdentifier", stores.database.identifier)
pulumi.export("databaseHost", stores.database.host)
pulumi.export("cacheHost", stores.cache.host)
pulumi.export("alarmTopic", monitoring.topic_arn)
pulumi.export("dashboards", monitoring.dashboards)
pulumi.export("litellmConfig", workloads.gateway.config_text)
