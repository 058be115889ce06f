"""Policies of customer-managed keys as plain data. Pure.

``Resource: *`` means "this key" in a key policy; there is no other way to write it. No principal is
``*``: IAM of the account decides, and an AWS service is let in only for this account's own things.
"""

from infra.iam_policies import Document, allow, document


def account_control(partition: str, account: str) -> Document:
    """Let IAM of the account decide who uses and administers the key."""
    return allow(
        ["kms:*"],
        ["*"],
        Sid="Account",
        Principal={"AWS": f"arn:{partition}:iam::{account}:root"},
    )


def plain_key_policy(partition: str, account: str) -> str:
    """Return the policy of a key that only the account's own principals use.

    RDS, ElastiCache, EKS and Secrets Manager use a key on behalf of the principal that calls them.
    """
    return document(account_control(partition, account))


def log_key_policy(partition: str, account: str, region: str) -> str:
    """Return the policy of the key under which logs stand: log groups, buckets and trails.

    CloudWatch Logs may use it for log groups of this account and region:
    docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html, without the
    descriptions there, which have no encryption context and fail the condition. CloudTrail may
    encrypt for trails of this account:
    docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
    """
    log_groups = f"arn:{partition}:logs:{region}:{account}:log-group:*"
    trails = f"arn:{partition}:cloudtrail:*:{account}:trail/*"
    return document(
        account_control(partition, account),
        allow(
            [
                "kms:Encrypt*",
                "kms:Decrypt*",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
            ],
            ["*"],
            Sid="LogGroups",
            Principal={"Service": f"logs.{region}.amazonaws.com"},
            Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        ),
        allow(
            ["kms:GenerateDataKey*", "kms:Decrypt"],
            ["*"],
            Sid="Trails",
            Principal={"Service": "cloudtrail.amazonaws.com"},
            Condition={"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}},
        ),
        allow(
            ["kms:DescribeKey"],
            ["*"],
            Sid="TrailsDescribe",
            Principal={"Service": "cloudtrail.amazonaws.com"},
            Condition={"ArnLike": {"aws:SourceArn": trails}},
        ),
    )


def topic_key_policy(partition: str, account: str) -> str:
    """Return the policy of the key of notification topics, into which AWS services publish.

    Alarms and budgets of this account, and EventBridge, whose requests name no account: conditions
    would drop them in silence (docs.aws.amazon.com/sns/latest/dg/sns-key-management.html, "Enable
    compatibility between event sources"). The topic's own policy says whose events it takes.
    """
    actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
    return document(
        account_control(partition, account),
        allow(
            actions,
            ["*"],
            Sid="AlarmsAndBudgets",
            Principal={"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
            Condition={"StringEquals": {"aws:SourceAccount": account}},
        ),
        allow(actions, ["*"], Sid="Events", Principal={"Service": "events.amazonaws.com"}),
    )
