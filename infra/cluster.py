"""EKS in Auto Mode: nodes, storage, DNS and target registration are run by AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra import versions
from infra.aws_account import AwsAccount
from infra.iam_policies import service_trust
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
_ADMINISTRATION = "cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    naming: Naming
    account: AwsAccount
    settings: ClusterSettings
    subnet_ids: list[pulumi.Output[str]]
    key_arn: pulumi.Input[str]


class Cluster(pulumi.ComponentResource):
    """A cluster with encrypted secrets, all control-plane logs and access by named principals.

    ``provider`` speaks to it and depends on the deployer's access, so no object is sent before the
    program may create it. Its identifier is fixed: a kubeconfig that is unknown in a preview
    does not replace every object.
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
        public = args.settings.public_access_cidrs
        logs = aws.cloudwatch.LogGroup(
            "control-plane",
            name=f"/aws/eks/{cluster_name}/cluster",
            retention_in_days=90,
            opts=child,
        )
        cluster = aws.eks.Cluster(
            "cluster",
            name=cluster_name,
            version=versions.KUBERNETES,
            role_arn=cluster_role.arn,
            upgrade_policy={"support_type": "STANDARD"},
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": False,
            },
            bootstrap_self_managed_addons=False,
            compute_config={
                "enabled": True,
                "node_pools": ["system"],
                "node_role_arn": node_role.arn,
            },
            storage_config={"block_storage": {"enabled": True}},
            kubernetes_network_config={"elastic_load_balancing": {"enabled": True}},
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
                parent=self, depends_on=[*cluster_rights, *node_rights, logs]
            ),
        )
        self.name = cluster.name
        self.issuer = cluster.identities[0].oidcs[0].issuer
        self.security_group_id = cluster.vpc_config.cluster_security_group_id
        self.node_role_name = node_role.name
        self.oidc_provider_arn = aws.iam.OpenIdConnectProvider(
            "oidc", url=self.issuer, client_id_lists=["sts.amazonaws.com"], opts=child
        ).arn
        self.provider = self._kubernetes_provider(args, cluster)
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
            opts=pulumi.ResourceOptions(parent=self),
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

    def _kubernetes_provider(
        self, args: ClusterArgs, cluster: aws.eks.Cluster
    ) -> kubernetes.Provider:
        deployer = args.settings.deployer_role_arn or args.account.deployer_arn
        administrators = dict.fromkeys([deployer, *args.settings.administrator_arns])
        access = [
            self._administrator(index, cluster, principal, args.account.partition)
            for index, principal in enumerate(administrators)
        ]
        command = ["eks", "get-token", "--output", "json", "--region", args.account.region]
        if args.settings.deployer_role_arn:
            command += ["--role-arn", args.settings.deployer_role_arn]
        return kubernetes.Provider(
            "cluster",
            cluster_identifier=args.naming.prefix,
            kubeconfig=_kubeconfig(cluster, command),
            opts=pulumi.ResourceOptions(parent=self, depends_on=access),
        )

    def _administrator(
        self, index: int, cluster: aws.eks.Cluster, principal: str, partition: str
    ) -> aws.eks.AccessPolicyAssociation:
        entry = aws.eks.AccessEntry(
            f"administrator-{index}",
            cluster_name=cluster.name,
            principal_arn=principal,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return aws.eks.AccessPolicyAssociation(
            f"administrator-{index}",
            cluster_name=cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:{partition}:eks::aws:{_ADMINISTRATION}",
            access_scope={"type": "cluster"},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _kubeconfig(cluster: aws.eks.Cluster, command: list[str]) -> pulumi.Output[str]:
    """A kubeconfig that holds no credential: the token is fetched when it is needed."""
    return pulumi.Output.json_dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "eks",
                    "cluster": {
                        "server": cluster.endpoint,
                        "certificate-authority-data": cluster.certificate_authority.data,
                    },
                }
            ],
            "users": [
                {
                    "name": "deployer",
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1beta1",
                            "command": "aws",
                            "args": [*command, "--cluster-name", cluster.name],
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
            "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": "deployer"}}],
            "current-context": "eks",
        }
    )
