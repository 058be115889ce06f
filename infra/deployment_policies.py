"""What those who preview and deploy a stack may do. Pure: a scope in, policy documents out.

A managed policy holds 6,144 characters without white space, and a role ten of them
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), hence the groups.
"""

from collections.abc import Iterable

from infra.deployment_identity import (
    adopted_reads,
    identity_reads,
    identity_writes,
    key_reads,
    key_writes,
)
from infra.deployment_scope import Scope, deny, tagged_with
from infra.deployment_services import NETWORK_SERVICES, Service
from infra.deployment_store_services import STORE_SERVICES
from infra.iam_policies import Document, allow, document

_GROUPS = ("security-group", "security-group-rule")
_NETWORK = (
    "elastic-ip",
    "internet-gateway",
    "natgateway",
    "network-interface",
    "route-table",
    "subnet",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
)
_NETWORK_CREATIONS = (
    "AllocateAddress",
    "CreateFlowLogs",
    "CreateInternetGateway",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
    "CreateVpcEndpoint",
)
_NETWORK_CHANGES = (
    "AssociateRouteTable",
    "AttachInternetGateway",
    "CreateRoute",
    "CreateTags",
    "DeleteFlowLogs",
    "DeleteInternetGateway",
    "DeleteNatGateway",
    "DeleteRoute",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteTags",
    "DeleteVpc",
    "DeleteVpcEndpoints",
    "DetachInternetGateway",
    "DisassociateAddress",
    "DisassociateRouteTable",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ModifyVpcEndpoint",
    "ReleaseAddress",
    "ReplaceRoute",
    "ReplaceRouteTableAssociation",
)
_GROUP_CHANGES = (
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateTags",
    "DeleteTags",
    "ModifySecurityGroupRules",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
)


def github_trust(provider_arn: str, repository: str, environment: str) -> str:
    """Return the trust document of a role for jobs of one environment of one repository."""
    host = "token.actions.githubusercontent.com"
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider_arn},
            "Condition": {
                "StringEquals": {
                    f"{host}:aud": "sts.amazonaws.com",
                    f"{host}:sub": f"repo:{repository}:environment:{environment}",
                }
            },
        }
    )


def preview_policies(scope: Scope) -> dict[str, str]:
    """Return what a preview reads: configuration, never content, and the state of this stack.

    The state's key opens the secrets in the state: docs/decisions/identity.md says what follows.
    """
    documents = {group: document(*_reads(services, scope)) for group, services in _groups().items()}
    documents["state"] = document(
        *identity_reads(scope),
        *key_reads(scope),
        *adopted_reads(scope),
        allow(["s3:GetObject"], scope.state("stacks", "history", "locks/organization")),
        *_state_access(scope, ["kms:Decrypt"]),
        deny(["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]),
        deny(["s3:GetObject*"], NotResource=scope.arns(_state_objects(scope))),
        deny(["kms:Decrypt", "kms:ReEncryptFrom"], NotResource=[scope.github.state_key_arn]),
    )
    return documents


def deploy_policies(scope: Scope) -> dict[str, str]:
    """Return what a deployment reads and changes: what carries the stack's name or tag.

    It makes roles within the boundary only, and cannot change the boundary, its own role or the
    preview's.
    """
    state = scope.state("stacks", "history", "backups", "locks/organization")
    statements = {
        group: [*_reads(services, scope), *_writes(services, scope)]
        for group, services in _groups().items()
    }
    statements["network"] += _network_writes(scope)
    statements["identity"] = [
        *identity_reads(scope),
        *identity_writes(scope),
        *key_reads(scope),
        *adopted_reads(scope),
        *key_writes(scope),
        allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], state),
        *_state_access(scope, ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
    ]
    return {group: document(*allowed) for group, allowed in statements.items()}


def _groups() -> dict[str, list[Service]]:
    services = (*NETWORK_SERVICES, *STORE_SERVICES)
    names = dict.fromkeys(service.group for service in services)
    return {name: [one for one in services if one.group == name] for name in names}


def _state_objects(scope: Scope) -> str:
    return f"s3:::{scope.github.state_bucket}/*"


def _state_access(scope: Scope, key_actions: list[str]) -> list[Document]:
    return [
        allow(["s3:ListBucket"], scope.arns(f"s3:::{scope.github.state_bucket}")),
        allow(key_actions, [scope.github.state_key_arn]),
    ]


def _reads(services: Iterable[Service], scope: Scope) -> list[Document]:
    return _allowed(((one, one.reads, one.listing) for one in services), scope)


def _writes(services: Iterable[Service], scope: Scope) -> list[Document]:
    return _allowed(((one, one.writes, one.making) for one in services), scope)


def _allowed(
    calls: Iterable[tuple[Service, tuple[str, ...], tuple[str, ...]]], scope: Scope
) -> list[Document]:
    statements, unnamed = [], []
    for service, named, without in calls:
        if named:
            actions = [f"{service.name}:{action}" for action in named]
            statements.append(allow(actions, scope.arns(*service.resources)))
        unnamed += [f"{service.name}:{action}" for action in without]
    return [*statements, allow(unnamed, ["*"])] if unnamed else statements


def _network_writes(scope: Scope) -> list[Document]:
    """Make what a network consists of; change and delete what carries the stack's tag.

    Security groups without that tag may be changed too: the VPC's default group, and the one that
    EKS makes for the cluster.
    """
    anything = scope.arns(*(f"ec2:*:{{account}}:{kind}/*" for kind in (*_GROUPS, *_NETWORK)))
    groups = scope.arns(*(f"ec2:*:{{account}}:{kind}/*" for kind in _GROUPS))
    tagged = tagged_with(scope)
    return [
        allow(_ec2(_NETWORK_CREATIONS), anything),
        allow(
            ["ec2:CreateTags"],
            anything,
            Condition={"StringLike": {"ec2:CreateAction": ["Allocate*", "Authorize*", "Create*"]}},
        ),
        allow(_ec2(_NETWORK_CHANGES), anything, Condition=tagged),
        allow(
            _ec2(_GROUP_CHANGES), groups, Condition={"StringEqualsIfExists": tagged["StringEquals"]}
        ),
    ]


def _ec2(actions: Iterable[str]) -> list[str]:
    return [f"ec2:{action}" for action in actions]
