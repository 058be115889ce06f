"""What is alarmed on, with which figures, and that something publishes every metric."""

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from promql import METRICS
from recorded_program import ROOT, Registered, run_program, stack_configuration
from test_program import of_type
from test_settings import problems_of, with_changes

from infra.alarm_specs import alarm_specs
from infra.alarms import AlarmSpec, Silence
from infra.cloudwatch_metrics import GATEWAY_HISTOGRAMS, GATEWAY_METRICS, Metric
from infra.monitored import Monitored
from infra.setting_sections import AlarmThresholds

WATCHED = Monitored(
    own_namespace="LiteLLM/dev",
    cluster="litellm-dev",
    deployment_name="gateway",
    deployment_namespace="litellm",
    replicas=2,
    load_balancer="app/litellm-dev/1",
    target_group="targetgroup/litellm-dev/2",
    database_identifier="litellm-dev-database-1",
    database_storage_gib=100,
    maximum_connections=112,
    cache_nodes=["litellm-dev-cache-001"],
    audited=True,
)


def specs(**changes: Any) -> dict[str, AlarmSpec]:
    made = alarm_specs(replace(WATCHED, **changes), AlarmThresholds())
    assert len({spec.name for spec in made}) == len(made)
    return {spec.name: spec for spec in made}


@pytest.mark.parametrize("metric", GATEWAY_METRICS)
def test_every_metric_that_the_agent_sends_is_one_of_litellm(metric: str) -> None:
    assert (METRICS[metric]["type"] == "histogram") is (metric in GATEWAY_HISTOGRAMS)


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions"),
    [
        ("AWS/RDS", "CpuUtilization", {"DBInstanceIdentifier": "a"}),
        ("AWS/RDS", "CPUUtilization", {}),
        ("AWS/RDS", "CPUUtilization", {"DBInstanceIdentifier": "a", "Zone": "b"}),
        ("LiteLLM/dev", "litellm_teams_count", {"ClusterName": "a"}),
        ("LiteLLM/dev", "Refusals", {}),
    ],
)
def test_a_metric_that_nothing_publishes_cannot_be_named(
    namespace: str, name: str, dimensions: dict[str, str]
) -> None:
    with pytest.raises(LookupError, match=name):
        Metric(namespace=namespace, name=name, dimensions=dimensions)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_metric_of_an_alarm_is_published(stack: str, request: pytest.FixtureRequest) -> None:
    resources: list[Registered] = request.getfixturevalue(stack)
    filters = [r.inputs["metricTransformation"] for r in of_type(resources, "LogMetricFilter")]
    (addon,) = [r for r in of_type(resources, "eks/addon:Addon") if r.name == "telemetry"]
    exporter = json.loads(addon.inputs["configurationValues"])["agent"]["otelConfig"]["exporters"][
        "awsemf/gateway"
    ]
    (declaration,) = exporter["metric_declarations"]
    published = {(one["namespace"], one["name"]) for one in filters} | {
        (exporter["namespace"], selector.strip("^$"))
        for selector in declaration["metric_name_selectors"]
    }
    own = {
        key for alarm in of_type(resources, "MetricAlarm") for key in _metrics(alarm.inputs)
        if key[0].startswith("LiteLLM/")
    }  # fmt: skip
    assert len(own) > 6
    assert own <= published


def _metrics(alarm: dict[str, Any]) -> set[tuple[str, str]]:
    if "metricName" in alarm:
        return {(alarm["namespace"], alarm["metricName"])}
    found = [query["metric"] for query in alarm["metricQueries"] if "metric" in query]
    return {(metric["namespace"], metric["metricName"]) for metric in found}


def test_every_alarm_of_the_issue_is_there() -> None:
    assert {
        "load-balancer-errors", "gateway-errors", "slow-answers", "unhealthy-targets",
        "no-healthy-target", "too-few-pods-ready", "pod-restarts", "provider-errors",
        "provider-outage", "daily-spend", "team-budget", "budget-refusals", "log-delivery",
        "archive", "database-cpu", "database-connections", "database-storage",
        "cache-1-memory", "cache-1-cpu", "cache-1-evictions", "master-key-read",
        "rotation-overdue",
    } == set(specs())  # fmt: skip


def test_an_outage_is_told_of_while_it_lasts() -> None:
    """A gauge that a cooldown sets and no success takes back would ring until the pod ends."""
    told = specs()["provider-outage"]
    (metric,) = told.metrics.values()
    assert METRICS[metric.name]["type"] == "counter"
    assert (told.statistic, told.periods) == ("Sum", 2)
    assert told.threshold == AlarmThresholds().deployment_cooldowns


def test_what_a_stack_has_not_it_has_no_alarm_for() -> None:
    more = specs(
        certificate_arn="arn:certificate",
        nat_gateway_ids=["nat-1", "nat-2"],
        replication={"SourceBucket": "a", "DestinationBucket": "b", "RuleId": "c"},
        database_replicas=["replica"],
        cache_nodes=["one", "two"],
    )
    assert set(more) - set(specs()) == {
        "certificate-expiry", "nat-1-ports", "nat-2-ports", "log-replication",
        "database-replica-1-lag", "cache-2-memory", "cache-2-cpu", "cache-2-evictions",
        "cache-1-lag", "cache-2-lag",
    }  # fmt: skip


def test_connections_are_judged_by_what_the_class_allows() -> None:
    assert specs()["database-connections"].threshold == 89


def test_storage_is_judged_by_what_was_asked_for() -> None:
    assert specs()["database-storage"].threshold == 8 * 1024**3


def test_fewer_ready_pods_than_asked_for_are_an_alarm() -> None:
    spec = specs()["too-few-pods-ready"]
    assert (spec.threshold, spec.comparison) == (2, "LessThanThreshold")


def test_a_handful_of_failed_calls_is_no_share() -> None:
    expression = specs()["provider-errors"].expression or ""
    assert expression == "IF(calls >= 20, 100 * failed / calls, 0)"


@pytest.mark.parametrize(
    ("name", "silence"),
    [
        ("no-healthy-target", Silence.FAILURE),
        ("too-few-pods-ready", Silence.FAILURE),
        ("database-cpu", Silence.FAILURE),
        ("cache-1-memory", Silence.FAILURE),
        ("load-balancer-errors", Silence.HEALTHY),
        ("master-key-read", Silence.HEALTHY),
        ("database-storage", Silence.NOTHING),
    ],
)
def test_silence_means_what_it_means_for_the_metric(name: str, silence: Silence) -> None:
    assert specs()[name].silence is silence


def test_a_certificate_that_publishes_no_more_has_expired() -> None:
    expiry = specs(certificate_arn="arn:certificate")["certificate-expiry"]
    assert expiry.silence is Silence.FAILURE


def test_a_percentile_is_asked_for_as_one(prod: list[Registered]) -> None:
    alarms = {r.name: r.inputs for r in of_type(prod, "MetricAlarm")}
    assert alarms["slow-answers"]["extendedStatistic"] == "p90"
    assert "statistic" not in alarms["slow-answers"]


def test_every_alarm_tells_the_topic_and_the_further_ones() -> None:
    further = "arn:aws:sns:us-east-1:111122223333:pager"
    resources = run_program("dev", with_changes("dev", {"monitoring.alarmTopicArns": [further]}))
    for alarm in of_type(resources, "MetricAlarm"):
        topic, other = alarm.inputs["alarmActions"]
        assert topic.endswith("alarms")
        assert other == further


def test_the_topic_is_encrypted_and_admits_alarms_and_budgets_only(prod: list[Registered]) -> None:
    (topic,) = of_type(prod, "topic:Topic")
    assert topic.inputs["kmsMasterKeyId"] == "arn:aws:kms:us-east-1:111122223333:key/monitoring"
    (policy,) = of_type(prod, "TopicPolicy")
    publishing, refused = json.loads(policy.inputs["policy"])["Statement"]
    assert publishing["Principal"]["Service"] == [
        "cloudwatch.amazonaws.com",
        "budgets.amazonaws.com",
    ]
    assert publishing["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert refused["Effect"] == "Deny"


def test_addresses_are_subscribed(prod: list[Registered]) -> None:
    endpoints = [r.inputs["endpoint"] for r in of_type(prod, "TopicSubscription")]
    assert endpoints == ["platform-alarms@example.com"]


@pytest.mark.parametrize(
    ("stack", "changes", "told"),
    [
        ("dev", {"monitoring.alarmEmails": ["nobody"]}, "monitoring.alarmEmails[0]"),
        ("dev", {"monitoring.logRetentionDays": 10}, "monitoring.logRetentionDays"),
        ("dev", {"monitoring.thresholds": {"cacheCpuPercent": 101}}, "cacheCpuPercent"),
        ("dev", {"audit.objectLockDays": 91}, "objectLockDays 91 exceeds retentionDays 90"),
        ("dev", {"audit.trustedReaderArns": ["alice"]}, "audit.trustedReaderArns[0]"),
        ("dev", {"budget.bedrockMonthlyUsd": 0}, "budget.bedrockMonthlyUsd"),
        ("prod", {"monitoring.alarmEmails": []}, "monitoring.alarmEmails: a protected stack tells"),
        ("prod", {"audit.enabled": False}, "audit.enabled: a protected stack records"),
    ],
)
def test_a_wrong_setting_of_monitoring_is_named(
    stack: str, changes: dict[str, Any], told: str
) -> None:
    assert told in "\n".join(problems_of(stack, changes))


def test_the_thresholds_of_a_stack_reach_its_alarms() -> None:
    given = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]
    thresholds = given["litellm-gateway:monitoring"]["thresholds"]
    resources = run_program("dev", stack_configuration("dev"))
    alarms = {r.name: r.inputs for r in of_type(resources, "MetricAlarm")}
    assert alarms["daily-spend"]["threshold"] == thresholds["dailySpendUsd"]


def test_what_prod_has_besides_is_watched(prod: list[Registered]) -> None:
    alarms = {r.name: r.inputs for r in of_type(prod, "MetricAlarm")}
    assert {"certificate-expiry", "nat-3-ports", "cache-3-lag"} <= alarms.keys()
    assert alarms["log-replication"]["dimensions"] == {
        "SourceBucket": "litellm-prod-logs-111122223333-us-east-1",
        "DestinationBucket": "litellm-prod-log-copies-111122223333-us-west-2",
        "RuleId": "everything",
    }
