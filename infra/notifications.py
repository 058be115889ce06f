"""Where alarms and budgets are told: an encrypted topic and its subscribers."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.iam_policies import document
from infra.naming import Naming

_PUBLISHERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    naming: Naming
    account: AwsAccount
    emails: Sequence[str]
    further_topic_arns: Sequence[str]
    key_arn: pulumi.Input[str]
    """Key that CloudWatch and Budgets may use."""


class Notifications(pulumi.ComponentResource):
    """A topic into which alarms and budgets of this account publish, over TLS only.

    ``receivers`` are the ARNs that an alarm notifies: this topic and the further ones.
    """

    topic_arn: pulumi.Output[str]
    receivers: list[pulumi.Input[str]]

    def __init__(
        self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:notifications:Notifications", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = args.account
        topic_name = args.naming.named("alarms")
        topic = aws.sns.Topic("alarms", name=topic_name, kms_master_key_id=args.key_arn, opts=child)
        policy = aws.sns.TopicPolicy(
            "alarms",
            arn=topic.arn,
            policy=topic_policy(
                f"arn:{account.partition}:sns:{account.region}:{account.account_id}:{topic_name}",
                account.account_id,
            ),
            opts=child,
        )
        for index, address in enumerate(args.emails):
            aws.sns.TopicSubscription(
                f"email-{index}", topic=topic.arn, protocol="email", endpoint=address, opts=child
            )
        # Who publishes waits until it may: Budgets tries its topic when a budget is made.
        self.topic_arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda known: str(known[0]))
        self.receivers = [self.topic_arn, *args.further_topic_arns]
        self.register_outputs({"topicArn": self.topic_arn})


def topic_policy(topic_arn: str, account: str) -> str:
    """Return a topic's policy: alarms and budgets of one account publish, and nobody without TLS.

    docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
    """
    return document(
        {
            "Sid": "AlarmsAndBudgets",
            "Effect": "Allow",
            "Principal": {"Service": list(_PUBLISHERS)},
            "Action": "SNS:Publish",
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "SNS:Publish",
            "Resource": topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
