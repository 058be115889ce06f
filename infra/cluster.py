"""EKS in Auto Mode: nodes, storage, DNS and target registration are run by AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.aws_account import AwsAccount
from infra.cluster_access import AccessArgs, ClusterAccess, kubeconfig, token_command
from infra.iam_policies import allow, document, service_trust
from infra.naming import Naming
from infra.setting_sections import ClusterSettings

# What Auto Mode's two roles need:
# docs.aws.amazon.com/eks/latest/userguide/automode-get-started-cli.html
_CLUSTER_POLICIES = (
    "AmazonEKSClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
)
_NODE_POLICIES = ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly")
_LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    naming: Naming
    account: AwsAccount
    settings: ClusterSettings
    subnet_ids: list[pulumi.Output[str]]
    key_arn: pulumi.Input[str]
    """Key of Kubernetes secrets and of the nodes' volumes."""
    log_key_arn: pulumi.Input[str]


class Cluster(pulumi.ComponentResource):
    """A cluster with encrypted secrets, all control-plane logs and access by named principals.

    ``provider`` speaks to it and depends on the ways in: the deployer's access and the rule that
    lets its machine reach the private endpoint. So no object is sent before the program may create
    it, and none is left when it may no longer. Its identifier is fixed: a kubeconfig that is
    unknown in a preview does not replace every object.
    """

    name: pulumi.Output[str]
    provider: kubernetes.Provider
    oidc_provider_arn: pulumi.Output[str]
    issuer: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    node_role_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:cluster:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster_name = args.naming.prefix
        cluster_role, cluster_rights = self._role(
            "cluster",
            args,
            "eks.amazonaws.com",
            _CLUSTER_POLICIES,
            ("sts:AssumeRole", "sts:TagSession"),
        )
        node_role, node_rights = self._role(
            "node", args, "ec2.amazonaws.com", _NODE_POLICIES, ("sts:AssumeRole",)
        )
        volume_rights = self._volume_rights(cluster_role, args.key_arn)
        public = args.settings.public_access_cidrs
        logs = aws.cloudwatch.LogGroup(
            "control-plane",
            name=f"/aws/eks/{cluster_name}/cluster",
            retention_in_days=args.settings.control_plane_log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=child,
        )
        cluster = aws.eks.Cluster(
            "cluster",
            name=cluster_name,
            version=args.settings.kubernetes_version,
            role_arn=cluster_role.arn,
            upgrade_policy={"support_type": "STANDARD"},
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": False,
            },
            bootstrap_self_managed_addons=False,
            # No pool of AWS's own: their nodes have neither the stack's key nor its limits.
            compute_config={"enabled": True, "node_pools": []},
            storage_config={"block_storage": {"enabled": True}},
            kubernetes_network_config={
                "elastic_load_balancing": {"enabled": True},
                "service_ipv4_cidr": args.settings.service_cidr,
            },
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": bool(public),
                **({"public_access_cidrs": list(public)} if public else {}),
            },
            encryption_config={
                "provider": {"key_arn": args.key_arn},
                "resources": ["secrets"],
            },
            enabled_cluster_log_types=list(_LOG_TYPES),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*cluster_rights, *node_rights, volume_rights, logs],
                # Its name is fixed, and unique in the region.
                delete_before_replace=True,
            ),
        )
        self.name = cluster.name
        self.issuer = cluster.identities[0].oidcs[0].issuer
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.node_role_name = node_role.name
        self.oidc_provider_arn = aws.iam.OpenIdConnectProvider(
            "oidc", url=self.issuer, client_id_lists=["sts.amazonaws.com"], opts=child
        ).arn
        access = ClusterAccess(
            AccessArgs(
                account=args.account,
                settings=args.settings,
                cluster=cluster,
                security_group_id=self.security_group_id,
                node_role_arn=node_role.arn,
            ),
            self,
        )
        self.provider = kubernetes.Provider(
            "cluster",
            cluster_identifier=args.naming.prefix,
            kubeconfig=kubeconfig(cluster, token_command(args.account)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=access.ways_in),
        )
        self.register_outputs({"name": self.name})

    def _role(
        self,
        purpose: str,
        args: ClusterArgs,
        service: str,
        policies: tuple[str, ...],
        actions: tuple[str, ...],
    ) -> tuple[aws.iam.Role, list[aws.iam.RolePolicyAttachment]]:
        role = aws.iam.Role(
            purpose,
            name=args.naming.named(purpose),
            assume_role_policy=service_trust(service, actions),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        rights = [
            aws.iam.RolePolicyAttachment(
                f"{purpose}-{policy}",
                role=role.name,
                policy_arn=f"arn:{args.account.partition}:iam::aws:policy/{policy}",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for policy in policies
        ]
        return role, rights

    def _volume_rights(self, role: aws.iam.Role, key_arn: pulumi.Input[str]) -> aws.iam.RolePolicy:
        """Let Auto Mode encrypt the volumes of nodes with the key."""
        return aws.iam.RolePolicy(
            "volumes",
            name="encrypt-volumes",
            role=role.name,
            policy=pulumi.Output.from_input(key_arn).apply(volume_key_policy),
            opts=pulumi.ResourceOptions(parent=self),
        )


def volume_key_policy(key_arn: str) -> str:
    """Return what the cluster's role may do with the key of the nodes' volumes.

    docs.aws.amazon.com/eks/latest/userguide/auto-kms.html, without the pairs of asymmetric keys
    that its wildcards include; grants for AWS services only.
    """
    return document(
        allow(
            [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            [key_arn],
        ),
        allow(
            ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            [key_arn],
            Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )
