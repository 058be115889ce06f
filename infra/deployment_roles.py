"""Roles for the workflows of one GitHub repository: one previews a stack, one deploys it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.cluster import Cluster
from infra.cluster_access import administrators
from infra.deployment_policies import deploy_policies, github_trust, preview_policies
from infra.deployment_scope import DEPLOY_ROLE, PREVIEW_ROLE, Scope
from infra.naming import Naming
from infra.preview_access import GROUP, PreviewAccess
from infra.setting_sections import ClusterSettings, GitHubSettings
from infra.settings import Settings

_ISSUER = "https://token.actions.githubusercontent.com"
_CREATE = "create"


@dataclass(frozen=True, kw_only=True)
class DeploymentRolesArgs:
    naming: Naming
    account: AwsAccount
    github: GitHubSettings
    adopted_stack: str | None
    cluster_settings: ClusterSettings
    cluster: Cluster


class DeploymentRoles(pulumi.ComponentResource):
    """Two roles, each for one environment of the repository, and their way into the cluster.

    The preview role reads configuration and this stack's state, and is in a Kubernetes group whose
    changes are dry runs. The deploy role administers the cluster and changes what carries the
    stack's name or tag; it cannot change these two roles, which an administrator's `up` does.
    """

    preview_arn: pulumi.Output[str]
    deploy_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeploymentRolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:identity:DeploymentRoles", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        github, account = args.github, args.account
        scope = Scope(
            partition=account.partition,
            account=account.account_id,
            region=account.region,
            project=pulumi.get_project(),
            naming=args.naming,
            github=github,
            adopted_stack=args.adopted_stack,
        )
        provider = f"arn:{account.partition}:iam::{account.account_id}:oidc-provider/" + (
            _ISSUER.removeprefix("https://")
        )
        created = []
        if github.oidc_provider == _CREATE:
            created = [
                aws.iam.OpenIdConnectProvider(
                    "github", url=_ISSUER, client_id_lists=["sts.amazonaws.com"], opts=self._child
                )
            ]
        else:
            provider = github.oidc_provider
        self._role_options = pulumi.ResourceOptions(parent=self, depends_on=created)
        preview = self._role(
            PREVIEW_ROLE,
            github_trust(provider, github.repository, github.preview_environment),
            preview_policies(scope),
        )
        deploy = self._role(
            DEPLOY_ROLE,
            github_trust(provider, github.repository, github.deploy_environment),
            deploy_policies(scope),
        )
        aws.eks.AccessEntry(
            "github-preview",
            cluster_name=args.cluster.name,
            principal_arn=preview.arn,
            kubernetes_groups=[GROUP],
            opts=self._child,
        )
        self._administer(deploy)
        PreviewAccess(
            "preview-access",
            pulumi.ResourceOptions(
                parent=self, providers=[account.provider, args.cluster.provider]
            ),
        )
        self.preview_arn, self.deploy_arn = preview.arn, deploy.arn
        self.register_outputs({"previewArn": self.preview_arn, "deployArn": self.deploy_arn})

    def _role(self, name: str, trust: str, policies: Mapping[str, str]) -> aws.iam.Role:
        naming = self._args.naming
        role = aws.iam.Role(
            name,
            name=naming.named(name),
            assume_role_policy=trust,
            opts=self._role_options,
        )
        for part, text in policies.items():
            title = f"{name}-{part}"
            policy = aws.iam.Policy(title, name=naming.named(title), policy=text, opts=self._child)
            aws.iam.RolePolicyAttachment(
                title, role=role.name, policy_arn=policy.arn, opts=self._child
            )
        return role

    def _administer(self, role: aws.iam.Role) -> None:
        args = self._args
        own = f"arn:{args.account.partition}:iam::{args.account.account_id}:role/" + (
            args.naming.named(DEPLOY_ROLE)
        )
        settings = args.cluster_settings
        if own in administrators(settings, args.account.caller_arn):
            return  # it has its entry already, and a cluster has one for each principal
        entry = aws.eks.AccessEntry(
            "github-deploy",
            cluster_name=args.cluster.name,
            principal_arn=role.arn,
            opts=self._child,
        )
        aws.eks.AccessPolicyAssociation(
            "github-deploy",
            cluster_name=args.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:{args.account.partition}:eks::aws:cluster-access-policy/"
            "AmazonEKSClusterAdminPolicy",
            access_scope={"type": "cluster"},
            opts=self._child,
        )


def deployment_roles(
    naming: Naming, account: AwsAccount, settings: Settings, cluster: Cluster
) -> DeploymentRoles | None:
    """Make GitHub's roles where the settings name a repository.

    They are not within the boundary of the stack's roles: an administrator makes them.
    """
    if settings.identity.github is None:
        return None
    args = DeploymentRolesArgs(
        naming=naming,
        account=account,
        github=settings.identity.github,
        adopted_stack=settings.secrets.adopt_from,
        cluster_settings=settings.cluster,
        cluster=cluster,
    )
    return DeploymentRoles(
        "deployment-roles", args, pulumi.ResourceOptions(provider=account.provider)
    )
