"""Who may enter the cluster, and how the program does: access entries and a kubeconfig."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.setting_sections import ClusterSettings

_ADMINISTRATION = "AmazonEKSClusterAdminPolicy"
# What a node needs that is not of a built-in pool:
# docs.aws.amazon.com/eks/latest/userguide/create-node-class.html#auto-node-access-entry
_NODES = "AmazonEKSAutoNodePolicy"


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    account: AwsAccount
    settings: ClusterSettings
    cluster: aws.eks.Cluster
    security_group_id: pulumi.Input[str]
    node_role_arn: pulumi.Input[str]


class ClusterAccess:
    """Entries for nodes, deployers and administrators, and a door for the runners of the program.

    They are children of the cluster. ``ways_in`` are what a Kubernetes client needs before its
    first request; they are deleted after its last one.
    """

    ways_in: list[pulumi.Resource]

    def __init__(self, args: AccessArgs, parent: pulumi.Resource) -> None:
        self._args = args
        self._parent = parent
        principals = dict.fromkeys(administrators(args.settings, args.account.caller_arn))
        self.ways_in = [
            *self._doors(),
            self._entry("nodes", args.node_role_arn, _NODES, kind="EC2"),
            *(
                self._entry(
                    entry_name(principal),
                    principal,
                    _ADMINISTRATION,
                    # The names up to 0.1.0; they may go when no stack of that version is left.
                    formerly=f"administrator-{index}",
                )
                for index, principal in enumerate(principals)
            ),
        ]

    def _entry(
        self,
        name: str,
        principal: pulumi.Input[str],
        policy: str,
        *,
        kind: str = "STANDARD",
        formerly: str | None = None,
    ) -> aws.eks.AccessPolicyAssociation:
        args = self._args
        # AWS has one entry for each principal of a cluster.
        options = pulumi.ResourceOptions(
            parent=self._parent,
            delete_before_replace=True,
            aliases=[pulumi.Alias(name=formerly)] if formerly else None,
        )
        entry = aws.eks.AccessEntry(
            name, cluster_name=args.cluster.name, principal_arn=principal, type=kind, opts=options
        )
        return aws.eks.AccessPolicyAssociation(
            name,
            cluster_name=args.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:{args.account.partition}:eks::aws:cluster-access-policy/{policy}",
            access_scope={"type": "cluster"},
            opts=options,
        )

    def _doors(self) -> Iterator[pulumi.Resource]:
        """Admit the runners to the API server's private endpoint."""
        settings = self._args.settings
        for cidr in settings.runner_cidrs:
            yield self._door(cidr, cidr_ipv4=cidr)
        for group in settings.runner_security_group_ids:
            yield self._door(group, referenced_security_group_id=group)

    def _door(
        self,
        place: str,
        *,
        cidr_ipv4: str | None = None,
        referenced_security_group_id: str | None = None,
    ) -> aws.vpc.SecurityGroupIngressRule:
        return aws.vpc.SecurityGroupIngressRule(
            f"runner-{place}",
            security_group_id=self._args.security_group_id,
            description="pulumi up reaches the API server",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=cidr_ipv4,
            referenced_security_group_id=referenced_security_group_id,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )


def deployers(settings: ClusterSettings, caller_arn: str) -> tuple[str, ...]:
    """Return who deploys: the named roles, or whoever runs the program."""
    return settings.deployer_role_arns or (caller_arn,)


def administrators(settings: ClusterSettings, caller_arn: str) -> Iterator[str]:
    """Yield every principal with cluster administration."""
    yield from deployers(settings, caller_arn)
    yield from settings.administrator_arns


def entry_name(principal_arn: str) -> str:
    """Return a logical name that stays when the order or number of principals changes.

    It tells whom it is for, such as ``deployer-1f0c2a9b``; the hash tells paths and accounts apart.
    """
    digest = hashlib.sha256(principal_arn.encode()).hexdigest()[:8]
    return f"{principal_arn.rpartition('/')[2]}-{digest}"


def token_command(settings: ClusterSettings, account: AwsAccount) -> tuple[str, ...]:
    """Return the arguments of ``aws`` that fetch a token, but for the cluster's name.

    Whoever is no deployer takes the first one's role; a role need not be able to take itself.
    """
    chosen = deployers(settings, account.caller_arn)
    arguments = ("eks", "get-token", "--output", "json", "--region", account.region)
    if account.caller_arn in chosen:
        return arguments
    return (*arguments, "--role-arn", chosen[0])


def kubeconfig(cluster: aws.eks.Cluster, command: Sequence[str]) -> pulumi.Output[str]:
    """Return a kubeconfig that holds no credential: the token is fetched when it is needed."""
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
