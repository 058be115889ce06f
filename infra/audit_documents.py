"""Policies of the trail, and the pattern that finds reads of the master key. Pure."""

from collections.abc import Sequence

from infra.cloudwatch_metrics import MASTER_KEY_READS
from infra.iam_policies import Document, allow, document, tls_only_statement
from infra.log_filters import LogFilter, all_of, any_of, differs, equals, missing, pattern

_CLOUDTRAIL = {"Service": "cloudtrail.amazonaws.com"}


def trail_bucket_policy(bucket_arn: str, account: str, trail_arn: str) -> str:
    """Return the policy of a bucket into which one trail, and nothing else, writes.

    docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html
    """
    by_the_trail: Document = {"StringEquals": {"aws:SourceArn": trail_arn}}
    return document(
        tls_only_statement(bucket_arn),
        allow(
            ["s3:GetBucketAcl"],
            [bucket_arn],
            Sid="TrailLooks",
            Principal=_CLOUDTRAIL,
            Condition=by_the_trail,
        ),
        allow(
            ["s3:PutObject"],
            [f"{bucket_arn}/AWSLogs/{account}/*"],
            Sid="TrailWrites",
            Principal=_CLOUDTRAIL,
            Condition={
                "StringEquals": {
                    "aws:SourceArn": trail_arn,
                    "s3:x-amz-acl": "bucket-owner-full-control",
                }
            },
        ),
    )


def cloudwatch_delivery_trust(trail_arn: str) -> str:
    """Return the trust of the role with which one trail writes to CloudWatch Logs."""
    return document(
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": _CLOUDTRAIL,
            "Condition": {"StringEquals": {"aws:SourceArn": trail_arn}},
        }
    )


def cloudwatch_delivery_policy(log_group_arn: str, account: str) -> str:
    """Return what that role may do: write the streams of its account in one log group.

    docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html
    """
    return document(
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{log_group_arn}:log-stream:{account}_CloudTrail_*"],
        )
    )


def caller(principal_arn: str) -> str:
    """Return how CloudTrail names who acts as a principal; ``*`` stands for a role's session.

    A session carries the role's name without its path.
    """
    prefix, found, name = principal_arn.partition(":role/")
    if not found:
        return principal_arn
    prefix = prefix.replace(":iam:", ":sts:", 1)
    return f"{prefix}:assumed-role/{name.rpartition('/')[2]}/*"


def master_key_filter(secret_name_prefix: str, readers: Sequence[str]) -> LogFilter:
    """Return the filter of reads of the master key by anybody but the named principals.

    A read names the secret by its name or by its ARN, and both hold the name. A refused read counts
    as well, where CloudTrail knows the secret. An identity without an ARN is never a reader; since
    a missing field fails ``!=``, it is asked for apart. BatchGetSecretValue is recorded under its
    own name, with a list of secrets of which the pattern sees the first one.
    """
    secret = f"*{secret_name_prefix}*"
    return LogFilter(
        name="master-key-reads",
        pattern=pattern(
            all_of(
                equals("eventSource", "secretsmanager.amazonaws.com"),
                equals("eventName", "*GetSecretValue"),
                any_of(
                    equals("requestParameters.secretId", secret),
                    equals("requestParameters.secretIdList[0]", secret),
                ),
                any_of(
                    missing("userIdentity.arn"),
                    all_of(*(differs("userIdentity.arn", caller(reader)) for reader in readers)),
                ),
            )
        ),
        metric=MASTER_KEY_READS,
    )
