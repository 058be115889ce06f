"""What those who preview and deploy a stack may do. Pure: a scope in, policy documents out.

A managed policy holds 6,144 characters without white space, and a role ten of them
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html), hence the groups.
"""

from collections.abc import Iterable

from infra.deployment_identity import identity_reads, identity_writes, key_reads, key_writes
from infra.deployment_scope import Scope, deny, tagged_with
from infra.deployment_services import SERVICES, Service
from infra.iam_policies import Document, allow, document

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
    "Associate*",
    "AttachInternetGateway",
    "CreateRoute",
    "CreateTags",
    "Delete*",
    "DetachInternetGateway",
    "Disassociate*",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ModifyVpcEndpoint",
    "ReleaseAddress",
    "ReplaceRoute",
    "ReplaceRouteTableAssociation",
)
_GROUP_CHANGES = (
    "Authorize*",
    "CreateTags",
    "DeleteTags",
    "ModifySecurityGroupRules",
    "Revoke*",
    "UpdateSecurityGroupRuleDescriptions*",
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
    services = [*_reads(SERVICES, scope), *identity_reads(scope), *key_reads(scope)]
    state = [
        allow(["s3:GetObject"], scope.state("stacks", "history", "locks/organization")),
        *_state_access(scope, ["kms:Decrypt"]),
        deny(["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]),
        deny(["s3:GetObject*"], NotResource=scope.arns(_state_objects(scope))),
        deny(["kms:Decrypt", "kms:ReEncryptFrom"], NotResource=[scope.github.state_key_arn]),
    ]
    return {"reads": document(*services), "state": document(*state)}


def deploy_policies(scope: Scope) -> dict[str, str]:
    """Return what a deployment reads and changes: what carries the stack's name or tag.

    It makes roles within the boundary only, and cannot change the boundary, its own role or the
    preview's.
    """
    everything = scope.state("stacks", "history", "backups", "locks/organization")
    groups: dict[str, list[Document]] = {
        group: [
            *_reads((one for one in SERVICES if one.group == group), scope),
            *_writes((one for one in SERVICES if one.group == group), scope),
        ]
        for group in sorted({service.group for service in SERVICES})
    }
    groups["network"] += _network_writes(scope)
    groups["identity"] = [
        *identity_reads(scope),
        *identity_writes(scope),
        *key_reads(scope),
        *key_writes(scope),
        allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], everything),
        *_state_access(scope, ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
    ]
    return {name: document(*statements) for name, statements in groups.items()}


def _state_objects(scope: Scope) -> str:
    return f"s3:::{scope.github.state_bucket}/*"


def _state_access(scope: Scope, key_actions: list[str]) -> list[Document]:
    return [
        allow(["s3:ListBucket"], scope.arns(f"s3:::{scope.github.state_bucket}")),
        allow(key_actions, [scope.github.state_key_arn]),
    ]


def _reads(services: Iterable[Service], scope: Scope) -> list[Document]:
    statements, listing = [], ["ec2:Describe*"]
    for service in services:
        listing += [f"{service.name}:{action}" for action in service.listing]
        if service.reads:
            actions = [f"{service.name}:{action}" for action in service.reads]
            statements.append(allow(actions, scope.arns(*service.resources)))
    return [*statements, allow(listing, ["*"])]


def _writes(services: Iterable[Service], scope: Scope) -> list[Document]:
    return [
        allow(
            [f"{service.name}:{action}" for action in service.writes],
            scope.arns(*service.resources),
        )
        for service in services
    ]


def _network_writes(scope: Scope) -> list[Document]:
    """Make what a network consists of; change and delete what carries the stack's tag.

    Security groups without that tag may be changed too: the VPC's default group, and the one that
    EKS makes for the cluster.
    """
    anything = scope.arns("ec2:*:{account}:*/*")
    groups = scope.arns("ec2:*:{account}:security-group/*", "ec2:*:{account}:security-group-rule/*")
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
