"""The program's own monitoring against moto: it comes up, stays as it is, and goes away whole."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pytest
from stacks import Outcome, Stack, serving
from test_aws_provider import client

from infra.alarm_specs import alarm_specs
from infra.alarms import Alarms, AlarmsArgs
from infra.audit_documents import master_key_filter
from infra.audit_trail import AuditTrail, AuditTrailArgs
from infra.aws_account import AwsAccount
from infra.budgets import BedrockBudget, BedrockBudgetArgs
from infra.cloudwatch_dashboard import CloudWatchDashboard, CloudWatchDashboardArgs
from infra.durability import POLICIES
from infra.monitored import Monitored
from infra.naming import Naming
from infra.notifications import Notifications, NotificationsArgs
from infra.setting_sections import (
    AlarmThresholds,
    AuditSettings,
    BudgetSettings,
    Durability,
)
from sandbox.providers.aws import AwsProvider

ACCOUNT = "123456789012"
WATCHED = Monitored(
    own_namespace="LiteLLM/moto",
    cluster="litellm-moto",
    deployment_name="gateway",
    deployment_namespace="litellm",
    replicas=1,
    load_balancer="app/litellm-moto/1",
    target_group="targetgroup/litellm-moto/2",
    database_identifier="litellm-moto-database-1",
    database_storage_gib=20,
    maximum_connections=112,
    cache_nodes=["litellm-moto-cache-001"],
    audited=True,
)


def program() -> None:
    naming = Naming(stack="moto")
    provider = aws.Provider("aws", region="us-east-1", default_tags={"tags": naming.tags})
    account = AwsAccount(
        provider=provider,
        account_id=ACCOUNT,
        caller_arn=f"arn:aws:iam::{ACCOUNT}:user/somebody",
        partition="aws",
        region="us-east-1",
    )
    durability = POLICIES[Durability.DISPOSABLE]
    in_aws = pulumi.ResourceOptions(provider=provider)
    key = aws.kms.Key("key", opts=in_aws).arn
    notifications_args = NotificationsArgs(
        naming=naming,
        account=account,
        emails=["alarms@example.com"],
        further_topic_arns=(),
        key_arn=key,
    )
    notifications = Notifications("notifications", notifications_args, in_aws)
    trail_args = AuditTrailArgs(
        naming=naming,
        account=account,
        settings=AuditSettings(object_lock_days=30),
        durability=durability,
        key_arn=key,
        filters=[master_key_filter("litellm/moto/master-key-", [account.caller_arn])],
        metric_namespace="LiteLLM/moto",
    )
    AuditTrail("audit", trail_args, in_aws)
    alarms_args = AlarmsArgs(
        naming=naming,
        specs=alarm_specs(WATCHED, AlarmThresholds()),
        receivers=notifications.receivers,
    )
    Alarms("alarms", alarms_args, in_aws)
    dashboard_args = CloudWatchDashboardArgs(naming=naming, region="us-east-1", watched=WATCHED)
    CloudWatchDashboard("dashboard", dashboard_args, in_aws)
    budget_args = BedrockBudgetArgs(
        naming=naming, settings=BudgetSettings(), models=(), topic_arn=notifications.topic_arn
    )
    BedrockBudget("budget", budget_args, in_aws)


@dataclass
class Story:
    """What the engine did with the program, one operation after another."""

    first: Outcome
    alarms: int
    second: Outcome
    refreshed: Outcome
    left: list[str]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        stack = Stack(tmp_path_factory.mktemp("monitoring") / "stack", debug_providers)
        before = _in_moto()  # what other tests keep there
        first = stack.up(program)
        alarms = len(client("cloudwatch").describe_alarms()["MetricAlarms"])
        second = stack.up(program)
        refreshed = stack.refresh(program)
        stack.destroy(program)
        left = [name for name in _in_moto() if name not in before]
        yield Story(first, alarms, second, refreshed, left)


def _in_moto() -> list[str]:
    groups = client("logs").describe_log_groups(logGroupNamePrefix="/litellm")["logGroups"]
    return [
        *(one["Name"] for one in client("cloudtrail").list_trails()["Trails"]),
        *(one["Name"] for one in client("s3").list_buckets()["Buckets"]),
        *(one["TopicArn"] for one in client("sns").list_topics()["Topics"]),
        *(one["AlarmName"] for one in client("cloudwatch").describe_alarms()["MetricAlarms"]),
        *(one["logGroupName"] for one in groups),
        *(
            one["BudgetName"]
            for one in client("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
        ),
    ]


def test_every_alarm_comes_up(story: Story) -> None:
    assert story.alarms == len(alarm_specs(WATCHED, AlarmThresholds()))


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_destroy_leaves_nothing(story: Story) -> None:
    assert story.left == []
