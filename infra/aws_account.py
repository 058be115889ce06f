"""The account and region in which a stack lives, and the provider through which it is reached."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.naming import Naming
from infra.setting_sections import AwsSettings

# Services whose address follows `aws.endpoint` where one is given.
_SERVICES = (
    "acm",
    "cloudwatch",
    "ec2",
    "eks",
    "elasticache",
    "elbv2",
    "iam",
    "kms",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sts",
    "wafv2",
)


@dataclass(frozen=True, kw_only=True)
class AwsAccount:
    """What documents and names need to know, known already in a preview.

    ``caller_arn`` is the IAM principal that runs the program: of a session, single sign-on
    included, the role behind it with its path, as access entries name it.
    """

    provider: aws.Provider
    account_id: str
    caller_arn: str
    partition: str
    region: str


def connect(settings: AwsSettings, naming: Naming) -> AwsAccount:
    """Make the stack's AWS provider and look up the account and who asks."""
    addressed: dict[str, Any] = {}
    if settings.endpoint:
        addressed = {
            "endpoints": [dict.fromkeys(_SERVICES, settings.endpoint)],
            "s3_use_path_style": True,
        }
    provider = aws.Provider(
        "aws", region=settings.region, default_tags={"tags": naming.tags}, **addressed
    )
    options = pulumi.InvokeOptions(provider=provider)
    identity = aws.get_caller_identity(opts=options)
    return AwsAccount(
        provider=provider,
        account_id=identity.account_id,
        caller_arn=aws.iam.get_session_context(arn=identity.arn, opts=options).issuer_arn,
        partition=aws.get_partition(opts=options).partition,
        region=settings.region,
    )
