"""Flow logs: which connections the VPC accepted and rejected."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.iam_policies import allow, document
from infra.naming import Naming


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    naming: Naming
    account: AwsAccount
    vpc_id: pulumi.Input[str]
    retention_days: int
    key_arn: pulumi.Input[str]


class FlowLogs(pulumi.ComponentResource):
    """All connections of a VPC, in an encrypted log group that only EC2's flow logs write."""

    def __init__(
        self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:flow-logs:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            "flow-logs",
            name=f"/aws/vpc/{args.naming.prefix}/flow-logs",
            retention_in_days=args.retention_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        role = aws.iam.Role(
            "flow-logs",
            name=args.naming.named("flow-logs"),
            assume_role_policy=flow_log_trust(args.account),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        rights = aws.iam.RolePolicy(
            "flow-logs",
            name="write",
            role=role.name,
            policy=flow_log_rights(args.account, f"/aws/vpc/{args.naming.prefix}/flow-logs"),
            opts=child,
        )
        aws.ec2.FlowLog(
            "flow-logs",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags={"Name": args.naming.named("flow-logs")},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})


def flow_log_trust(account: AwsAccount) -> str:
    """Return who may take the role: flow logs of this account and region.

    docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    flow_logs = f"arn:{account.partition}:ec2:{account.region}:{account.account_id}:vpc-flow-log/*"
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account.account_id},
                "ArnLike": {"aws:SourceArn": flow_logs},
            },
        }
    )


def flow_log_rights(account: AwsAccount, group: str) -> str:
    """Return what the role may do: find log groups, write streams of this one."""
    arn = f"arn:{account.partition}:logs:{account.region}:{account.account_id}:log-group:{group}"
    return document(
        # It cannot be limited to a log group.
        allow(["logs:DescribeLogGroups"], ["*"]),
        allow(["logs:DescribeLogStreams"], [f"{arn}:*"]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{arn}:log-stream:*"]),
    )
