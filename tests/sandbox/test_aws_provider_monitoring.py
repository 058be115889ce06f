"""The life of trails, filters, dashboards, budgets and subscriptions through the real engine."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from stacks import Outcome, Refused, Stack, serving
from test_aws_provider import client

from sandbox.providers.aws import AwsProvider

ACCOUNT = "123456789012"


@dataclass(frozen=True)
class Settings:
    """What the tests change in their program."""

    pattern: str = '{ $.level = "ERROR" }'
    title: str = "# Gateway"
    limit: str = "100.00"
    threshold: int = 25
    read_only: str = "true"
    address: str = "one@example.com"


def program(settings: Settings = Settings()) -> Callable[[], None]:
    def resources() -> None:
        provider = aws.Provider("aws", region="us-east-1", default_tags={"tags": {"stack": "seen"}})
        options = pulumi.ResourceOptions(provider=provider)
        topic = aws.sns.Topic("topic", name="seen-alarms", opts=options)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "SNS:Publish",
                    "Resource": f"arn:aws:sns:us-east-1:{ACCOUNT}:seen-alarms",
                }
            ],
        }
        aws.sns.TopicPolicy("policy", arn=topic.arn, policy=json.dumps(policy), opts=options)
        aws.sns.TopicSubscription(
            "email", topic=topic.arn, protocol="email", endpoint=settings.address, opts=options
        )
        group = aws.cloudwatch.LogGroup("logs", name="/seen/logs", opts=options)
        aws.cloudwatch.LogMetricFilter(
            "filter",
            name="errors",
            log_group_name=group.name,
            pattern=settings.pattern,
            metric_transformation={"namespace": "Seen", "name": "Errors", "value": "1"},
            opts=options,
        )
        dashboard = {"widgets": [{"type": "text", "properties": {"markdown": settings.title}}]}
        aws.cloudwatch.Dashboard(
            "dashboard",
            dashboard_name="seen",
            dashboard_body=json.dumps(dashboard),
            opts=options,
        )
        aws.cloudwatch.MetricAlarm(
            "alarm",
            name="seen-share",
            comparison_operator="GreaterThanThreshold",
            threshold=settings.threshold,
            evaluation_periods=2,
            alarm_actions=[topic.arn],
            metric_queries=[
                {
                    "id": "failed",
                    "metric": {
                        "namespace": "Seen",
                        "metric_name": "Errors",
                        "dimensions": {"Cluster": "one"},
                        "period": 300,
                        "stat": "Sum",
                    },
                },
                {"id": "result", "expression": "100 * failed", "return_data": True},
            ],
            opts=options,
        )
        bucket = aws.s3.Bucket("bucket", bucket="seen-audit", opts=options)
        aws.cloudtrail.Trail(
            "trail",
            name="seen",
            s3_bucket_name=bucket.id,
            is_multi_region_trail=True,
            enable_log_file_validation=True,
            advanced_event_selectors=[
                {
                    "name": "Management events",
                    "field_selectors": [
                        {"field": "eventCategory", "equals": ["Management"]},
                        {"field": "readOnly", "equals": [settings.read_only]},
                    ],
                }
            ],
            opts=options,
        )
        aws.budgets.Budget(
            "budget",
            name="seen",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=settings.limit,
            limit_unit="USD",
            cost_filters=[{"name": "Service", "values": ["Amazon Bedrock"]}],
            notifications=[
                {
                    "notification_type": "ACTUAL",
                    "comparison_operator": "GREATER_THAN",
                    "threshold": 80,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [topic.arn],
                }
            ],
            opts=options,
        )

    return resources


@dataclass
class Story:
    """What the engine did with one program, one operation after another."""

    first: Outcome
    second: Outcome
    refreshed: Outcome
    made: dict[str, Any]
    changed: Outcome
    after: dict[str, Any]
    changed_refresh: Outcome
    drifted: Outcome
    left: list[str]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        yield Stack(tmp_path_factory.mktemp("seen") / "stack", debug_providers)


@pytest.fixture(scope="module")
def story(stack: Stack) -> Story:
    first = stack.up(program())
    second = stack.up(program())
    refreshed = stack.refresh(program())
    made = _in_moto()
    other = replace(
        Settings(),
        pattern='{ $.level = "FATAL" }',
        title="# Another",
        limit="200.00",
        threshold=50,
        read_only="false",
        address="two@example.com",
    )
    changed = stack.up(program(other))
    after = _in_moto()
    changed_refresh = stack.refresh(program(other))
    client("cloudtrail").stop_logging(Name="seen")
    client("logs").delete_metric_filter(logGroupName="/seen/logs", filterName="errors")
    drifted = stack.refresh(program(other))
    stack.destroy(program(other))
    return Story(
        first, second, refreshed, made, changed, after, changed_refresh, drifted, _left_in_moto()
    )


def _in_moto() -> dict[str, Any]:
    trail = client("cloudtrail")
    budgets = client("budgets")
    selectors = trail.get_event_selectors(TrailName="seen")["AdvancedEventSelectors"]
    filters = client("logs").describe_metric_filters(logGroupName="/seen/logs")["metricFilters"]
    alarm = client("cloudwatch").describe_alarms(AlarmNames=["seen-share"])["MetricAlarms"][0]
    return {
        "logging": trail.get_trail_status(Name="seen")["IsLogging"],
        "read only": selectors[0]["FieldSelectors"][1]["Equals"],
        "tags": trail.list_tags(
            ResourceIdList=[f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/seen"]
        )["ResourceTagList"][0]["TagsList"],
        "pattern": filters[0]["filterPattern"],
        "dashboard": json.loads(
            client("cloudwatch").get_dashboard(DashboardName="seen")["DashboardBody"]
        ),
        "limit": budgets.describe_budget(AccountId=ACCOUNT, BudgetName="seen")["Budget"][
            "BudgetLimit"
        ],
        "notifications": budgets.describe_notifications_for_budget(
            AccountId=ACCOUNT, BudgetName="seen"
        )["Notifications"],
        "queries": alarm["Metrics"],
        "subscribers": [
            one["Endpoint"] for one in client("sns").list_subscriptions()["Subscriptions"]
        ],
    }


def _left_in_moto() -> list[str]:
    budgets = client("budgets").describe_budgets(AccountId=ACCOUNT)["Budgets"]
    dashboards = client("cloudwatch").list_dashboards()["DashboardEntries"]
    return [
        *(one["Name"] for one in client("cloudtrail").list_trails()["Trails"]),
        *(one["BudgetName"] for one in budgets),
        *(one["DashboardName"] for one in dashboards),
        *(one["Endpoint"] for one in client("sns").list_subscriptions()["Subscriptions"]),
        *(one["AlarmName"] for one in client("cloudwatch").describe_alarms()["MetricAlarms"]),
    ]


def test_the_first_up_creates_every_resource(story: Story) -> None:
    kinds = {"policy", "email", "filter", "dashboard", "alarm", "trail", "budget"}
    assert kinds <= story.first.named("create")


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_a_new_trail_records_what_its_selectors_say(story: Story) -> None:
    assert story.made["logging"] is True
    assert story.made["read only"] == ["true"]


def test_a_trail_has_the_tags_of_the_provider(story: Story) -> None:
    assert {"Key": "stack", "Value": "seen"} in story.made["tags"]


def test_a_budget_tells_its_subscribers(story: Story) -> None:
    (notification,) = story.made["notifications"]
    assert notification["Threshold"] == 80


def test_an_alarm_may_compute_with_metrics(story: Story) -> None:
    metric, result = story.made["queries"]
    assert metric["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "Cluster", "Value": "one"}]
    assert result["Expression"] == "100 * failed"


def test_what_can_change_in_place_does(story: Story) -> None:
    changed_in_place = {"filter", "dashboard", "alarm", "trail", "budget"}
    assert changed_in_place <= story.changed.named("update")
    assert story.after["pattern"] == '{ $.level = "FATAL" }'
    assert story.after["dashboard"]["widgets"][0]["properties"]["markdown"] == "# Another"
    assert story.after["limit"] == {"Amount": "200.00", "Unit": "USD"}
    assert story.after["read only"] == ["false"]


def test_another_address_is_another_subscription(story: Story) -> None:
    assert story.changed.named("replace") == {"email"}
    assert story.after["subscribers"] == ["two@example.com"]


def test_a_refresh_after_a_change_finds_no_drift(story: Story) -> None:
    assert story.changed_refresh.drift == {}


def test_a_refresh_finds_a_trail_that_was_switched_off_and_a_filter_that_is_gone(
    story: Story,
) -> None:
    assert story.drifted.drift["trail"] == {"enableLogging"}
    assert story.drifted.drift["filter"] == {"deleted"}


def test_destroy_leaves_nothing_in_moto(story: Story) -> None:
    assert story.left == []


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: aws.budgets.Budget("b", budget_type="MONEY", time_unit="MONTHLY"),
            "budgetType",
        ),
        (
            lambda: aws.cloudwatch.LogMetricFilter(
                "f",
                log_group_name="/seen",
                pattern="",
                metric_transformation={"namespace": "Seen:A", "name": "Errors", "value": "1"},
            ),
            "metricTransformation.*namespace",
        ),
    ],
)
def test_what_the_service_forbids_is_refused_before_anything_is_made(
    stack: Stack, make: Callable[[], Any], told: str
) -> None:
    with pytest.raises(Refused, match=told):
        stack.preview(lambda: make() and None)
