"""What runs in the cluster: the namespace, synced secrets, the database's users, the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from infra import certificate_authorities
from infra.addons import Addons, NodePlacement
from infra.archiver import Archiver, ArchiverArgs
from infra.aws_account import AwsAccount
from infra.cache import PORT as CACHE_PORT
from infra.cluster import Cluster
from infra.credentials import Credentials
from infra.data_stores import DataStores
from infra.database import PORT as DATABASE_PORT
from infra.database_users import DatabaseUsers, DatabaseUsersArgs
from infra.encryption import EncryptionKeys
from infra.gateway import Gateway, GatewayArgs
from infra.gateway_roles import GatewayRoles, GatewayRolesArgs
from infra.iam_policies import secret_reader_policy
from infra.identity import ServiceAccountRole, ServiceAccountRoleArgs
from infra.images import postgres_client_image, proxy_image
from infra.load_balancer import LoadBalancer
from infra.log_storage import LogStorage
from infra.naming import DOCTOR, EXTERNAL_SECRETS_NAMESPACE, NAMESPACE, Naming
from infra.network import Network
from infra.network_policies import allow_egress
from infra.secret_families import DATABASE
from infra.secret_sync import SERVICE_ACCOUNT as EXTERNAL_SECRETS_ACCOUNT
from infra.secret_sync import (
    ExternalSecrets,
    ExternalSecretsArgs,
    SyncedSecrets,
    SyncedSecretsArgs,
    database_master_secret,
)
from infra.settings import Settings
from infra.subnets import dns_address
from infra.warm_up import WarmUp, WarmUpArgs


@dataclass(frozen=True, kw_only=True)
class WorkloadsArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    cluster: Cluster
    network: Network
    credentials: Credentials
    keys: EncryptionKeys
    logs: LogStorage
    stores: DataStores
    load_balancer: LoadBalancer


class Workloads(pulumi.ComponentResource):
    """Everything inside the cluster, in the order in which each part needs the one before."""

    addons: Addons
    secret_store: CustomResource
    """Where Secrets are synced from."""
    gateway: Gateway

    def __init__(
        self, name: str, args: WorkloadsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:workloads:Workloads", name, None, opts)
        self._args = args
        self._in_cluster = pulumi.ResourceOptions(
            parent=self, providers=[args.account.provider, args.cluster.provider]
        )
        settings, cluster = args.settings, args.cluster
        self.addons = addons = Addons(
            "addons",
            settings.cluster,
            NodePlacement(
                cluster_name=cluster.name,
                role_name=cluster.node_role_name,
                subnet_ids=args.network.private_subnet_ids,
                zones=args.network.zones,
                security_group_id=cluster.security_group_id,
                key_arn=args.keys.cluster,
                autoscaling=settings.gateway.maximum_replicas > settings.gateway.replicas,
            ),
            self._in_cluster,
        )
        if settings.gateway.warm_up:
            warm_up_args = WarmUpArgs(
                gateway=settings.gateway,
                image=proxy_image(settings),
                architecture=settings.cluster.architecture,
                namespace=addons.namespace,
            )
            WarmUp("warm-up", warm_up_args, self._in_cluster)
        synced = self._secrets(addons)
        files = certificate_authorities.certificate_files(settings)
        certificates = certificate_authorities.publish(
            files, self._after(addons.namespace)
        ).metadata.name
        reaches_database = allow_egress(
            "database-users",
            {"app.kubernetes.io/name": "database-users"},
            dns_address(settings.cluster.service_cidr),
            {DATABASE_PORT: args.network.plan.data},
            self._after(addons.namespace),
        )
        users = DatabaseUsers(
            "database-users",
            DatabaseUsersArgs(
                image=postgres_client_image(settings),
                host=args.stores.database.host,
                database=args.stores.database.resource_id,
                master_secret=database_master_secret(settings.database.generation),
                epochs=[kept for kept in args.credentials.kept if kept.family is DATABASE],
                certificates=certificates,
            ),
            self._after(synced, reaches_database, addons.node_pool),
        )
        allow_egress(
            "doctor",
            DOCTOR,
            dns_address(settings.cluster.service_cidr),
            {DATABASE_PORT: args.network.plan.data, CACHE_PORT: args.network.plan.data},
            self._after(addons.namespace),
        )
        answers = args.stores.answers
        roles = GatewayRoles(
            "gateway-roles",
            GatewayRolesArgs(
                naming=args.naming,
                account=args.account,
                settings=settings,
                oidc_provider_arn=cluster.oidc_provider_arn,
                issuer=cluster.issuer,
                bucket_arn=args.logs.bucket_arn,
                log_key_arn=args.keys.logs,
                response_bucket_arn=answers.bucket_arn if answers else None,
            ),
            self._in_cluster,
        )
        self.gateway = Gateway(
            "gateway",
            GatewayArgs(
                settings=settings,
                serving=args.credentials.serving_to("gateway"),
                role_arn=roles.arn,
                bedrock_role_arn=roles.bedrock_role_arn,
                database_host=args.stores.database.host,
                cache_host=args.stores.cache.host,
                bucket=args.logs.bucket_name,
                log_key_arn=args.keys.logs,
                response_bucket=answers.bucket_name if answers else None,
                certificates=certificates,
                own_cache_authority="cache.pem" in files,
                target_group_arn=args.load_balancer.target_group_arn,
                subnets=args.network.plan,
            ),
            self._after(users, args.load_balancer, addons.node_pool),
        )
        Archiver(
            "archiver",
            ArchiverArgs(
                naming=args.naming,
                settings=settings,
                bucket=args.logs.bucket_name,
                bucket_arn=args.logs.bucket_arn,
                key_arn=args.keys.logs,
                database_host=args.stores.database.host,
                database_cidrs=args.network.plan.data,
                certificates=certificates,
                secret_names=args.credentials.names,
                secret_arns=args.credentials.secret_arns,
                provider_arn=cluster.oidc_provider_arn,
                issuer=cluster.issuer,
            ),
            self._after(synced, addons.node_pool),
        )
        self.register_outputs({})

    def _after(self, *needed: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            self._in_cluster, pulumi.ResourceOptions(depends_on=list(needed))
        )

    def _secrets(self, addons: Addons) -> SyncedSecrets:
        args = self._args
        role = self._role(
            EXTERNAL_SECRETS_ACCOUNT,
            EXTERNAL_SECRETS_NAMESPACE,
            _reader_policy(
                args.credentials.secret_arns, [args.keys.secrets, *args.credentials.key_arns]
            ),
        )
        bundled = args.settings.observability.bundled_namespace
        external_secrets = ExternalSecrets(
            "external-secrets",
            ExternalSecretsArgs(
                region=args.account.region,
                endpoint=args.settings.aws.endpoint,
                role_arn=role.arn,
                mirror=args.settings.images.mirror,
                namespaces=[NAMESPACE, *([bundled] if bundled else [])],
            ),
            self._after(addons.node_pool),
        )
        self.secret_store = external_secrets.store
        # The database makes its master secret itself, and takes longer than all else: only what
        # needs this secret waits for it.
        master = args.stores.database.master_secret_arn
        readable = role.allow("database-master", _reader_policy([master], [args.keys.database]))
        return SyncedSecrets(
            "secrets",
            SyncedSecretsArgs(
                store=external_secrets.store,
                namespace=addons.namespace,
                kept=args.credentials.kept_by("gateway"),
                database_generation=args.settings.database.generation,
                database_master_secret=pulumi.Output.all(master, readable).apply(
                    lambda known: known[0]
                ),
                # A cache password reaches pods only when the cache knows it.
                wait_for=[args.stores.cache.user],
            ),
            self._in_cluster,
        )

    def _role(
        self, service_account: str, namespace: str, policy: pulumi.Output[str]
    ) -> ServiceAccountRole:
        return ServiceAccountRole(
            service_account.removeprefix("litellm-"),
            ServiceAccountRoleArgs(
                naming=self._args.naming,
                namespace=namespace,
                service_account=service_account,
                provider_arn=self._args.cluster.oidc_provider_arn,
                issuer=self._args.cluster.issuer,
                policy=policy,
            ),
            self._in_cluster,
        )


def _reader_policy(
    secrets: Sequence[pulumi.Output[str]], keys: Sequence[pulumi.Output[str]]
) -> pulumi.Output[str]:
    return pulumi.Output.all(secrets=secrets, keys=keys).apply(
        lambda known: secret_reader_policy(secret_arns=known["secrets"], key_arns=known["keys"])
    )
