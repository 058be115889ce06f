"""IRSA: a role that one Kubernetes service account, and nothing else, can take."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.iam_policies import service_account_trust
from infra.naming import Naming


@dataclass(frozen=True, kw_only=True)
class ServiceAccountRoleArgs:
    naming: Naming
    namespace: str
    service_account: str
    provider_arn: pulumi.Input[str]
    issuer: pulumi.Input[str]
    policy: pulumi.Input[str]
    """JSON of what the role may do."""


class ServiceAccountRole(pulumi.ComponentResource):
    """A role with one inline policy, trusted for exactly one service account.

    Whoever uses ``arn`` waits until the role may do what the policy says.
    """

    arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServiceAccountRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:identity:ServiceAccountRole", name, None, opts)
        role = aws.iam.Role(
            name,
            name=args.naming.named(name),
            assume_role_policy=pulumi.Output.all(args.provider_arn, args.issuer).apply(
                lambda known: service_account_trust(
                    known[0], known[1], args.namespace, args.service_account
                )
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        policy = aws.iam.RolePolicy(
            name,
            name=args.service_account,
            role=role.name,
            policy=args.policy,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._role = role
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda known: known[0])
        self.register_outputs({"arn": self.arn})

    def allow(self, name: str, policy: pulumi.Input[str]) -> pulumi.Output[str]:
        """Add an inline policy that users of ``arn`` do not wait for, and return its id."""
        return aws.iam.RolePolicy(
            name,
            name=name,
            role=self._role.name,
            policy=policy,
            opts=pulumi.ResourceOptions(parent=self),
        ).id
