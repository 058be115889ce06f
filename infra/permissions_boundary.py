"""The most that any role of a stack may ever do, whoever writes the role's policies.

A deployment that makes roles could otherwise make one that may do more than itself.
"""

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.deployment_scope import BOUNDARY
from infra.iam_policies import allow, document
from infra.naming import Naming
from infra.settings import Settings

# Called by Auto Mode's roles on networks and machines of its own making, by name or by tag:
# docs.aws.amazon.com/eks/latest/userguide/auto-cluster-iam-role.html
_CLUSTER_SERVICES = (
    "autoscaling:*",
    "ec2:*",
    "ecr:*",
    "eks:*",
    "eks-auth:*",
    "elasticloadbalancing:*",
)
_INSTANCE_PROFILES = (
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:GetInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
)
_BUCKETS = (
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListBucketVersions",
)
_OBJECTS = (
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersion",
    "s3:GetObject*",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:Replicate*",
)
_OBSERVED = ("athena:*", "cloudwatch:*", "firehose:*", "glue:*", "logs:*")


def boundary_document(
    *,
    partition: str,
    account: str,
    naming: Naming,
    bedrock_role_arn: str | None,
    topic_arns: tuple[str, ...] = (),
) -> str:
    """Return the boundary: services as wide as AWS's own roles need them, data of this stack only.

    Nobody may write an IAM policy or a role's trust, and a role may be taken in one place.
    """

    def arns(*rests: str) -> list[str]:
        return [f"arn:{partition}:{rest}" for rest in rests]

    prefix = naming.prefix
    assumed = [bedrock_role_arn] if bedrock_role_arn else []
    return document(
        allow(_CLUSTER_SERVICES, ["*"]),
        allow(_OBSERVED, ["*"]),
        allow(["bedrock:ListInferenceProfiles"], ["*"]),
        allow(["ssm:GetParameter"], arns("ssm:*:*:parameter/aws/service/*")),
        allow(["sns:Publish"], [*arns(f"sns:*:{account}:{prefix}-*"), *topic_arns]),
        allow(_INSTANCE_PROFILES, arns(f"iam::{account}:instance-profile/*")),
        allow(
            ["iam:GetRole", "iam:PassRole"],
            arns(f"iam::{account}:role/{prefix}-*"),
        ),
        allow(["iam:CreateServiceLinkedRole"], arns(f"iam::{account}:role/aws-service-role/*")),
        allow(
            [
                "bedrock:CountTokens",
                "bedrock:InvokeModel",
                "bedrock:InvokeModelWithResponseStream",
            ],
            arns(
                "bedrock:*::foundation-model/*",
                f"bedrock:*:{account}:inference-profile/*",
                f"bedrock:*:{account}:application-inference-profile/*",
            ),
        ),
        allow(["bedrock:ApplyGuardrail"], arns(f"bedrock:*:{account}:guardrail/*")),
        allow(_BUCKETS, arns(f"s3:::{prefix}-*")),
        allow(_OBJECTS, arns(f"s3:::{prefix}-*/*")),
        allow(
            [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:ListSecretVersionIds",
            ],
            arns(
                f"secretsmanager:*:{account}:secret:litellm/{naming.stack}/*",
                f"secretsmanager:*:{account}:secret:rds!*",
            ),
        ),
        allow(
            [
                "kms:CreateGrant",
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ListGrants",
                "kms:ReEncrypt*",
                "kms:RevokeGrant",
            ],
            arns(f"kms:*:{account}:key/*"),
        ),
        allow(
            ["sts:AssumeRole", "sts:TagSession"],
            [*arns(f"iam::{account}:role/{prefix}-bedrock"), *assumed],
        ),
    )


def resource_options(
    naming: Naming, account: AwsAccount, settings: Settings
) -> pulumi.ResourceOptions:
    """Return the options of every component in AWS.

    They have the stack's provider and, where GitHub deploys, put every role within the boundary.
    """
    options = pulumi.ResourceOptions(provider=account.provider)
    if settings.identity.github is None:
        return options
    name = naming.named(BOUNDARY)
    policy = aws.iam.Policy(
        BOUNDARY,
        name=name,
        description=f"{naming.prefix}: the most that a role of the stack may do",
        policy=boundary_document(
            partition=account.partition,
            account=account.account_id,
            naming=naming,
            bedrock_role_arn=settings.bedrock.role_arn,
            topic_arns=settings.monitoring.alarm_topic_arns,
        ),
        opts=options,
    )
    arn = f"arn:{account.partition}:iam::{account.account_id}:policy/{name}"

    def within_boundary(
        made: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if made.type_ != "aws:iam/role:Role":
            return None
        # A literal, so that a preview shows it; the dependency says that it must exist.
        props: dict[str, Any] = {**made.props, "permissions_boundary": arn}
        waiting = pulumi.ResourceOptions(depends_on=[policy])
        return pulumi.ResourceTransformationResult(
            props, pulumi.ResourceOptions.merge(made.opts, waiting)
        )

    return pulumi.ResourceOptions.merge(
        options, pulumi.ResourceOptions(transformations=[within_boundary])
    )
