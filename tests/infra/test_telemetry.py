"""What the agent is told, what it may do, what the dashboard shows, what the budget counts."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from promql import METRICS
from recorded_program import Registered
from test_alarms import WATCHED
from test_program import of_type
from test_settings import settings_of

from infra.budgets import bedrock_services
from infra.cloudwatch_dashboard import dashboard_problems, render_dashboard
from infra.cloudwatch_metrics import GATEWAY_METRICS
from infra.model_catalogue import Model
from infra.pod_telemetry import telemetry_policy
from infra.telemetry_agent import AgentContext, gateway_pipeline, scrape

CONTEXT = AgentContext(cluster="litellm-dev", region="us-east-1", metric_namespace="LiteLLM/dev")


def test_the_agent_keeps_every_series_that_it_sends_and_no_other() -> None:
    rule, *_ = scrape(CONTEXT)["metric_relabel_configs"]
    kept = re.compile(f"(?:{rule['regex']})")
    series = {
        f"{name}{suffix}"
        for name, metric in METRICS.items()
        for suffix in (("_bucket", "_sum", "_count") if metric["type"] == "histogram" else ("",))
    }
    sent = {name for name in series if kept.fullmatch(name)}
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in sent} == set(GATEWAY_METRICS)


@pytest.mark.parametrize(
    ("name", "labels", "sent"),
    [
        ("litellm_deployment_failure_responses_total", {"model_id": "m1"}, True),
        ("litellm_deployment_failure_responses_total", {"model_id": "None"}, False),
        ("litellm_deployment_total_requests_total", {}, False),
        ("litellm_proxy_total_requests_metric_total", {}, True),
        ("litellm_deployment_cooled_down_total", {"exception_status": "401"}, True),
        ("litellm_deployment_cooled_down_total", {"exception_status": "429"}, False),
    ],
)
def test_the_agent_leaves_out_what_is_no_failure_of_a_provider(
    name: str, labels: dict[str, str], sent: bool
) -> None:
    series = {"__name__": name, **labels}

    def passes(rule: Mapping[str, Any]) -> bool:
        value = ";".join(series.get(label, "") for label in rule["source_labels"])
        return bool(re.fullmatch(rule["regex"], value)) is (rule["action"] == "keep")

    assert all(map(passes, scrape(CONTEXT)["metric_relabel_configs"])) is sent


def test_an_agent_asks_the_pods_of_its_own_node_only() -> None:
    (discovery,) = scrape(CONTEXT)["kubernetes_sd_configs"]
    assert discovery["selectors"][0]["field"] == "spec.nodeName=${env:K8S_NODE_NAME}"
    assert discovery["namespaces"] == {"names": ["litellm"]}


def test_the_number_of_paid_metrics_does_not_grow_with_teams_keys_or_models() -> None:
    pipeline = gateway_pipeline(CONTEXT)
    transforms = pipeline["processors"]["metricstransform/gateway"]["transforms"]
    assert [one["include"] for one in transforms] == list(GATEWAY_METRICS)
    assert all(one["operations"][0]["label_set"] == ["ClusterName"] for one in transforms)
    (declaration,) = pipeline["exporters"]["awsemf/gateway"]["metric_declarations"]
    assert declaration["dimensions"] == [["ClusterName"]]


def test_every_part_of_the_pipeline_is_declared() -> None:
    pipeline = gateway_pipeline(CONTEXT)
    (parts,) = pipeline["service"]["pipelines"].values()
    for kind in ("receivers", "processors", "exporters"):
        assert set(parts[kind]) == set(pipeline[kind])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_log_group_of_the_agent_is_encrypted_and_expires(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources: list[Registered] = request.getfixturevalue(stack)
    groups = [
        group.inputs
        for group in of_type(resources, "LogGroup")
        if group.name.startswith("telemetry-") or group.name == "audit"
    ]
    assert len(groups) == 6
    for group in groups:
        assert group["kmsKeyId"] == "arn:aws:kms:us-east-1:111122223333:key/logs"
        assert group["retentionInDays"] > 0


def test_the_agent_s_groups_have_the_names_that_it_writes_to(dev: list[Registered]) -> None:
    names = {group.inputs["name"] for group in of_type(dev, "LogGroup")}
    parts = ("application", "dataplane", "host", "performance", "gateway")
    assert {f"/aws/containerinsights/litellm-dev/{part}" for part in parts} <= names


def test_the_agent_writes_to_its_own_groups_and_makes_none() -> None:
    statements = json.loads(telemetry_policy(["arn:aws:logs:r:1:log-group:a"]))["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert "logs:CreateLogGroup" not in actions
    assert not [action for action in actions if "*" in action]
    wildcards = [one["Action"] for one in statements if one["Resource"] == ["*"]]
    assert wildcards == [["ec2:DescribeTags", "ec2:DescribeVolumes"]]


def test_only_the_agent_s_service_account_takes_its_role(dev: list[Registered]) -> None:
    (role,) = [r for r in of_type(dev, "iam/role:Role") if r.name == "cloudwatch-agent"]
    condition = json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Condition"]
    assert (
        condition["StringEquals"]["oidc.example/id/1:sub"]
        == "system:serviceaccount:amazon-cloudwatch:cloudwatch-agent"
    )


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_dashboard_shows_all_parts_of_a_stack(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources: list[Registered] = request.getfixturevalue(stack)
    (dashboard,) = of_type(resources, "dashboard:Dashboard")
    body = json.loads(dashboard.inputs["dashboardBody"])
    headings = [w["properties"]["markdown"] for w in body["widgets"] if w["type"] == "text"]
    assert headings == ["## Gateway", "## Database", "## Cache", "## Spend"]
    assert list(dashboard_problems(body)) == []


def test_the_dashboard_has_a_line_for_every_node_of_the_cache(prod: list[Registered]) -> None:
    (dashboard,) = of_type(prod, "dashboard:Dashboard")
    body = json.loads(dashboard.inputs["dashboardBody"])
    (evictions,) = [w for w in body["widgets"] if w["properties"].get("title") == "Evictions"]
    nodes = [line[3] for line in evictions["properties"]["metrics"]]
    assert nodes == [f"litellm-prod-cache-00{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["AWS/RDS", "Cpu", "DBInstanceIdentifier", "a"], "nothing publishes Cpu"),
        (["AWS/RDS", "CPUUtilization", "Instance", "a"], "not Instance"),
        (["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier"], "Graph"),
    ],
)
def test_a_line_of_the_dashboard_that_no_metric_feeds_is_found(line: list[Any], told: str) -> None:
    body = json.loads(render_dashboard(WATCHED, "us-east-1"))
    body["widgets"].append({"type": "metric", "properties": {"title": "Graph", "metrics": [line]}})
    (problem,) = dashboard_problems(body)
    assert told in problem


def test_a_graph_fits_into_the_24_columns_of_a_dashboard() -> None:
    body = json.loads(render_dashboard(WATCHED, "us-east-1"))
    assert all(24 % widget["width"] == 0 for widget in body["widgets"])


def test_the_budget_counts_bedrock_and_the_claude_models_of_the_catalogue() -> None:
    assert bedrock_services(settings_of("dev").models, ()) == [
        "Amazon Bedrock",
        "Claude Haiku 4.5 (Amazon Bedrock Edition)",
        "Claude Opus 4.5 (Amazon Bedrock Edition)",
        "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
    ]


@pytest.mark.parametrize(
    ("model", "services"),
    [
        ("anthropic.claude-sonnet-4-20250514-v1:0", ["Claude Sonnet 4 (Amazon Bedrock Edition)"]),
        ("global.anthropic.claude-opus-5-v1", ["Claude Opus 5 (Amazon Bedrock Edition)"]),
        ("amazon.titan-embed-text-v2:0", []),
    ],
)
def test_a_model_is_billed_under_the_name_of_the_marketplace(
    model: str, services: list[str]
) -> None:
    entry = Model.model_validate(
        {"name": "m", "tier": "$", "provider": "bedrock", "deployments": [{"model": model}]}
    )
    assert bedrock_services([entry], ["Else"]) == sorted([*services, "Amazon Bedrock", "Else"])


def test_the_budget_tells_at_80_and_100_percent_and_at_the_forecast(dev: list[Registered]) -> None:
    (budget,) = of_type(dev, "budget:Budget")
    levels = [(n["notificationType"], n["threshold"]) for n in budget.inputs["notifications"]]
    assert levels == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert budget.inputs["limitAmount"] == "100.00"
