"""What a deployment may do with roles, policies and keys, which could raise its own rights."""

from infra.deployment_scope import ADMINISTERED, BOUNDARY, Scope, deny, tagged_with
from infra.iam_policies import Document, allow

# Services that take a role of the program, and those for which AWS makes roles of its own.
_PASSED_TO = (
    "cloudtrail.amazonaws.com",
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "s3.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
_SERVICE_LINKED = (
    "eks.amazonaws.com",
    "elasticache.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "rds.amazonaws.com",
    "wafv2.amazonaws.com",
)
_ROLE_RIGHTS = ("iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePolicy")
_IAM_WRITES = (
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:Delete*",
    "iam:Detach*",
    "iam:PassRole",
    "iam:Put*",
    "iam:SetDefaultPolicyVersion",
    "iam:Tag*",
    "iam:Untag*",
    "iam:Update*",
)


def identity_reads(scope: Scope) -> list[Document]:
    return [
        allow(
            [
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:ListAttachedRolePolicies",
                "iam:ListInstanceProfilesForRole",
                "iam:ListRolePolicies",
                "iam:ListRoleTags",
            ],
            scope.arns("iam::{account}:role/{prefix}-*"),
        ),
        allow(
            [
                "iam:GetPolicy",
                "iam:GetPolicyVersion",
                "iam:ListPolicyTags",
                "iam:ListPolicyVersions",
            ],
            scope.arns("iam::{account}:policy/{prefix}-*"),
        ),
        allow(
            ["iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviderTags"],
            scope.arns("iam::{account}:oidc-provider/*"),
        ),
    ]


def identity_writes(scope: Scope) -> list[Document]:
    roles = scope.arns("iam::{account}:role/{prefix}-*")
    policies = scope.arns("iam::{account}:policy/{prefix}-*")
    administered = scope.arns(
        f"iam::{{account}}:role/{{prefix}}-{ADMINISTERED}-*",
        f"iam::{{account}}:policy/{{prefix}}-{ADMINISTERED}-*",
        f"iam::{{account}}:policy/{{prefix}}-{BOUNDARY}",
    )
    within = {"StringEquals": {"iam:PermissionsBoundary": scope.boundary}}
    return [
        allow([*_ROLE_RIGHTS, "iam:PutRolePermissionsBoundary"], roles, Condition=within),
        allow(
            [
                "iam:DeleteRole",
                "iam:DeleteRolePolicy",
                "iam:DetachRolePolicy",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ],
            roles,
        ),
        allow(
            [
                "iam:CreatePolicy",
                "iam:CreatePolicyVersion",
                "iam:DeletePolicy",
                "iam:DeletePolicyVersion",
                "iam:TagPolicy",
                "iam:UntagPolicy",
            ],
            policies,
        ),
        allow(
            [
                "iam:CreateOpenIDConnectProvider",
                "iam:DeleteOpenIDConnectProvider",
                "iam:TagOpenIDConnectProvider",
                "iam:UntagOpenIDConnectProvider",
                "iam:UpdateOpenIDConnectProviderThumbprint",
            ],
            scope.arns("iam::{account}:oidc-provider/oidc.eks.*"),
        ),
        allow(
            ["iam:PassRole"],
            roles,
            Condition={"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}},
        ),
        allow(
            ["iam:CreateServiceLinkedRole"],
            scope.arns("iam::{account}:role/aws-service-role/*"),
            Condition={"StringEquals": {"iam:AWSServiceName": list(_SERVICE_LINKED)}},
        ),
        deny(list(_IAM_WRITES), Resource=administered),
    ]


def adopted_reads(scope: Scope) -> list[Document]:
    """Find the entries of another stack's secrets that this one took over."""
    if scope.adopted_stack is None:
        return []
    entries = f"secretsmanager:*:{{account}}:secret:litellm/{scope.adopted_stack}/*"
    actions = ["secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"]
    return [allow(actions, scope.arns(entries))]


def key_reads(scope: Scope) -> list[Document]:
    return [
        allow(
            [
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListResourceTags",
            ],
            scope.arns("kms:*:{account}:key/*"),
        ),
        allow(["kms:ListAliases"], ["*"]),
    ]


def key_writes(scope: Scope) -> list[Document]:
    keys = scope.arns("kms:*:{account}:key/*")
    tagged = tagged_with(scope)["StringEquals"]
    return [
        allow(["kms:CreateKey"], ["*"], Condition=tagged_with(scope, "aws:RequestTag")),
        allow(["kms:TagResource"], keys, Condition=tagged_with(scope, "aws:RequestTag")),
        allow(
            [
                "kms:CreateAlias",
                "kms:DeleteAlias",
                "kms:DisableKeyRotation",
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:ReplicateKey",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateAlias",
                "kms:UpdateKeyDescription",
            ],
            keys,
            Condition={"StringEquals": tagged},
        ),
        allow(
            ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
            scope.arns("kms:*:{account}:alias/{prefix}-*"),
        ),
        # Secrets Manager encrypts in the name of the caller; databases and caches get a grant.
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            keys,
            Condition={
                "StringEquals": tagged,
                "StringLike": {"kms:ViaService": "secretsmanager.*"},
            },
        ),
        allow(
            ["kms:CreateGrant"],
            keys,
            Condition={"StringEquals": tagged, "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]
