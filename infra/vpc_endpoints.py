"""Private ways from the VPC to AWS services, with policies that keep other accounts out."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.iam_policies import allow, document
from infra.naming import Naming

# Service → prefix of its actions in IAM. Who calls it from inside the VPC:
INTERFACE_SERVICES = {
    "ec2": "ec2",  # nodes, which look themselves up
    "ecr.api": "ecr",  # nodes, for images of add-ons and of the account's own registry
    "ecr.dkr": "ecr",  # the same
    "eks": "eks",  # runners of `pulumi up`
    "elasticloadbalancing": "elasticloadbalancing",  # the same
    "kms": "kms",  # the same; services use keys on their own side
    "logs": "logs",  # agents that ship pod logs
    "monitoring": "cloudwatch",  # agents that ship metrics
    "secretsmanager": "secretsmanager",  # External Secrets
    "sts": "sts",  # every pod with a role (IRSA)
}
# Pods take roles by IRSA, so that nothing asks eks-auth, which serves Pod Identity only.
BEDROCK = "bedrock-runtime"
_ONLY_FROM = "aws:PrincipalAccount"


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    naming: Naming
    account: AwsAccount
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    zones: tuple[str, ...]
    """Zones of the subnets, in their order."""
    client_cidrs: tuple[str, ...]
    with_bedrock: bool
    bedrock_accounts: tuple[str, ...] = ()
    """Further accounts whose roles call Bedrock from here."""


def storage_endpoint(
    args: EndpointsArgs, route_table_ids: Sequence[pulumi.Input[str]], parent: pulumi.Resource
) -> aws.ec2.VpcEndpoint:
    """Make the gateway endpoint for S3, without charge, in the given route tables."""
    return aws.ec2.VpcEndpoint(
        "s3",
        vpc_id=args.vpc_id,
        service_name=f"com.amazonaws.{args.account.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=route_table_ids,
        policy=storage_policy(args.account),
        tags={"Name": args.naming.named("s3")},
        opts=pulumi.ResourceOptions(parent=parent),
    )


class InterfaceEndpoints(pulumi.ComponentResource):
    """An interface endpoint for each service in use, under the service's usual names.

    They admit HTTPS from the private subnets. One stands in each zone that its service serves.
    """

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:vpc-endpoints:InterfaceEndpoints", name, None, opts)
        self._args = args
        group = self._security_group()
        for service, prefix in INTERFACE_SERVICES.items():
            self._endpoint(service, group, endpoint_policy(service, prefix, args.account))
        if args.with_bedrock:
            self._endpoint(BEDROCK, group, bedrock_policy(args.account, args.bedrock_accounts))
        self.register_outputs({})

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        group = aws.ec2.SecurityGroup(
            "endpoints",
            # A group in use cannot be deleted, so that its successor stands beside it.
            name_prefix=f"{args.naming.named('endpoints')}-",
            description="AWS services, reached from the private subnets only",
            vpc_id=args.vpc_id,
            tags={"Name": args.naming.named("endpoints")},
            opts=pulumi.ResourceOptions(parent=self),
        )
        for zone, cidr in zip(args.zones, args.client_cidrs, strict=True):
            aws.vpc.SecurityGroupIngressRule(
                f"endpoints-from-private-{zone}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return group

    def _endpoint(self, service: str, group: aws.ec2.SecurityGroup, policy: str) -> None:
        args = self._args
        served = aws.ec2.get_vpc_endpoint_service_output(
            service=service,
            service_type="Interface",
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).availability_zones
        aws.ec2.VpcEndpoint(
            service,
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.account.region}.{service}",
            vpc_endpoint_type="Interface",
            # Not every service is in every zone, and one subnet too many fails the whole.
            subnet_ids=pulumi.Output.all(served, *args.subnet_ids).apply(
                lambda known: subnets_in(known[0], args.zones, known[1:], service)
            ),
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy=policy,
            tags={"Name": args.naming.named(service)},
            opts=pulumi.ResourceOptions(parent=self),
        )


def subnets_in(
    served: Sequence[str], zones: Sequence[str], subnet_ids: Sequence[str], service: str
) -> list[str]:
    """Return the subnets in zones that a service serves; RunError where it serves none."""
    found = [subnet for zone, subnet in zip(zones, subnet_ids, strict=True) if zone in set(served)]
    if not found:
        raise pulumi.RunError(
            f"{service} has endpoints in {', '.join(served) or 'no zone'} only, and the private "
            f"subnets are in {', '.join(zones)}; set network.interfaceEndpoints to false or choose "
            "other zones"
        )
    return found


def endpoint_policy(service: str, prefix: str, account: AwsAccount) -> str:
    """Return an endpoint's policy: principals of this account only.

    So no foreign credentials carry data out. Taking a role by IRSA is an unsigned call, which has
    no account yet: it is bound to roles of this account instead.
    """
    statements = [_allow_accounts([f"{prefix}:*"], [account.account_id])]
    if service == "sts":
        statements.append(
            allow(
                ["sts:AssumeRoleWithWebIdentity"],
                [f"arn:{account.partition}:iam::{account.account_id}:role/*"],
                Principal="*",
            )
        )
    return document(*statements)


def bedrock_policy(account: AwsAccount, further_accounts: Sequence[str] = ()) -> str:
    """Return the policy of Bedrock's endpoint: invocation by the named accounts' principals."""
    return document(
        _allow_accounts(
            ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
            [account.account_id, *further_accounts],
        )
    )


def storage_policy(account: AwsAccount) -> str:
    """Return the policy of S3's endpoint: this account's principals, and layers of ECR's images.

    Layers come by signed links of AWS itself: docs.aws.amazon.com/AmazonECR/latest/userguide/
    vpc-endpoints.html, "Minimum Amazon S3 bucket permissions for Amazon ECR".
    """
    layers = f"arn:{account.partition}:s3:::prod-{account.region}-starport-layer-bucket/*"
    return document(
        _allow_accounts(["s3:*"], [account.account_id]),
        allow(["s3:GetObject"], [layers], Principal="*"),
    )


def _allow_accounts(actions: Sequence[str], accounts: Sequence[str]) -> dict[str, object]:
    return allow(
        actions, ["*"], Principal="*", Condition={"StringEquals": {_ONLY_FROM: list(accounts)}}
    )
