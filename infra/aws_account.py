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
    "budgets",
    "cloudtrail",
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
    """What documents and names need to know, known already in a preview."""

    provider: aws.Provider
    account_id: str
    deployer_arn: str
    partition: str
    region: str
    zones: tuple[str, ...]


def connect(settings: AwsSettings, naming: Naming, zones: int) -> AwsAccount:
    """Make the stack's AWS provider and look up its account and first ``zones`` zones."""
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
    available = aws.get_availability_zones(
        state="available",
        # Local and Wavelength zones lack most services.
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        opts=options,
    )
    if len(available.names) < zones:
        raise pulumi.RunError(
            f"network.zones: {zones} zones are asked for; {settings.region} has "
            f"{len(available.names)} ({', '.join(available.names)})"
        )
    return AwsAccount(
        provider=provider,
        account_id=identity.account_id,
        deployer_arn=principal_arn(identity.arn),
        partition=aws.get_partition(opts=options).partition,
        region=settings.region,
        zones=tuple(sorted(available.names)[:zones]),
    )


def principal_arn(caller: str) -> str:
    """Return the IAM principal behind a caller's ARN, as access entries name it.

    A session of a role is named after the role, without the role's path: a role that has one must
    be given as ``cluster.deployerRoleArn``.
    """
    prefix, _, rest = caller.partition(":assumed-role/")
    if not rest:
        return caller
    return f"{prefix.replace(':sts:', ':iam:')}:role/{rest.split('/')[0]}"
