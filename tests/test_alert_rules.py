"""The alert rules, checked and tried out by promtool."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql import problems

from infra.alert_rules import AlertRulesContext, render_alert_rules
from sandbox import toolchain

CONTEXT = AlertRulesContext(namespace="litellm")
RULES: list[dict[str, Any]] = yaml.safe_load(render_alert_rules(CONTEXT))["groups"][0]["rules"]
ALERTS = {rule["alert"]: rule for rule in RULES}

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])

UP = 'up{namespace="litellm",pod="gateway-1"}'
TOTAL = "litellm_proxy_total_requests_metric_total"
LATENCY = "litellm_request_total_latency_metric_bucket"
STATE = "litellm_deployment_state"
LEFT, BUDGET = "litellm_remaining_team_budget_metric", "litellm_team_max_budget_metric"
TEAM = 'namespace="litellm",team="t1",team_alias="Engineering"'
DEPLOYMENT = 'namespace="litellm",model_id="m1",litellm_model_name="claude",api_provider="bedrock"'


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [toolchain.ensure(["promtool"])["promtool"], *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_prometheus_accepts_the_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(render_alert_rules(CONTEXT))
    done = promtool("check", "rules", rules)
    assert done.returncode == 0, done.stdout + done.stderr


@every_rule
def test_every_rule_asks_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert problems(rule["expr"]) == []


@every_rule
def test_every_rule_stays_within_its_namespace(rule: dict[str, Any]) -> None:
    assert rule["expr"].count('namespace="litellm"') == rule["expr"].count("{")


def test_the_thresholds_come_from_the_context() -> None:
    text = render_alert_rules(
        AlertRulesContext(
            namespace="other",
            failure_ratio=0.125,
            latency_seconds=17,
            remaining_budget_ratio=0.31,
        )
    )
    for figure in ('namespace="other"', "> 0.125", "12.5 %", "> 17", "< 0.31"):
        assert figure in text


@dataclass(frozen=True, kw_only=True)
class Case:
    """An alert, what Prometheus sees a minute at a time, and what the alert says in the end."""

    alert: str
    behaviour: str
    series: dict[str, str]
    minute: int
    labels: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    """Empty: the alert is quiet."""


CASES = [
    Case(
        alert="GatewayDown",
        behaviour="fires when no pod answers",
        series={UP: "0x10"},
        minute=5,
        summary="No pod of the gateway answers",
    ),
    Case(
        alert="GatewayDown",
        behaviour="fires when there is no pod",
        series={},
        minute=5,
        summary="No pod of the gateway answers",
    ),
    Case(
        alert="GatewayDown",
        behaviour="is quiet while one of two pods answers",
        series={UP: "1x10", UP.replace("gateway-1", "gateway-2"): "0x10"},
        minute=5,
    ),
    Case(
        alert="GatewayPodUnreachable",
        behaviour="names the pod",
        series={UP: "0x10"},
        minute=8,
        labels={"namespace": "litellm", "pod": "gateway-1"},
        summary="Pod gateway-1 does not answer",
    ),
    Case(
        alert="GatewayFailures",
        behaviour="fires on errors of the gateway",
        series={
            f'{TOTAL}{{namespace="litellm",status_code="200"}}': "0+90x30",
            f'{TOTAL}{{namespace="litellm",status_code="500"}}': "0+10x30",
        },
        minute=20,
        summary="10% of the requests fail",
    ),
    Case(
        alert="GatewayFailures",
        behaviour="is quiet about refused requests",
        series={
            f'{TOTAL}{{namespace="litellm",status_code="200"}}': "0+50x30",
            f'{TOTAL}{{namespace="litellm",status_code="429"}}': "0+50x30",
        },
        minute=20,
    ),
    Case(
        alert="GatewayFailures",
        behaviour="is quiet without requests",
        series={f'{TOTAL}{{namespace="litellm",status_code="500"}}': "10x30"},
        minute=20,
    ),
    Case(
        alert="GatewaySlow",
        behaviour="looks at the slowest twentieth",
        series={
            f'{LATENCY}{{namespace="litellm",le="60"}}': "0+92x60",
            f'{LATENCY}{{namespace="litellm",le="120"}}': "0+100x60",
            f'{LATENCY}{{namespace="litellm",le="+Inf"}}': "0+100x60",
        },
        minute=40,
        summary="One request in twenty takes longer than 1m 22s",
    ),
    Case(
        alert="DeploymentOutage",
        behaviour="takes the worst view of all pods",
        series={
            f'{STATE}{{{DEPLOYMENT},pod="a"}}': "0x20",
            f'{STATE}{{{DEPLOYMENT},pod="b"}}': "2x20",
        },
        minute=10,
        labels={"model_id": "m1", "litellm_model_name": "claude", "api_provider": "bedrock"},
        summary="Deployment m1 is out",
    ),
    Case(
        alert="DeploymentOutage",
        behaviour="is quiet about a partial outage",
        series={f"{STATE}{{{DEPLOYMENT}}}": "1x20"},
        minute=10,
    ),
    Case(
        alert="FallbacksFail",
        behaviour="names the model",
        series={
            'litellm_deployment_failed_fallbacks_total{namespace="litellm",'
            'requested_model="claude"}': "0+1x60"
        },
        minute=30,
        labels={"requested_model": "claude"},
        summary="claude and its fallbacks fail",
    ),
    Case(
        alert="TeamBudgetNearlyExhausted",
        behaviour="says what is left of the budget",
        series={f'{LEFT}{{{TEAM},pod="a"}}': "9x20", f'{BUDGET}{{{TEAM},pod="a"}}': "100x20"},
        minute=10,
        labels={"team": "t1", "team_alias": "Engineering"},
        summary="Team Engineering has 9% of its budget left",
    ),
    Case(
        alert="TeamBudgetNearlyExhausted",
        behaviour="is quiet while a tenth is left",
        series={f"{LEFT}{{{TEAM}}}": "10x20", f"{BUDGET}{{{TEAM}}}": "100x20"},
        minute=10,
    ),
    Case(
        alert="TeamBudgetNearlyExhausted",
        behaviour="is quiet about a team without a budget",
        series={f"{LEFT}{{{TEAM}}}": " ".join(["+Inf"] * 20)},
        minute=10,
    ),
    Case(
        alert="LogDeliveryFails",
        behaviour="names the destination",
        series={
            'litellm_callback_logging_failures_metric_total{namespace="litellm",'
            'callback_name="S3Logger"}': "0+1x60"
        },
        minute=30,
        labels={"callback_name": "S3Logger"},
        summary="S3Logger cannot deliver its logs",
    ),
]


def test_every_alert_is_tried_out() -> None:
    assert {case.alert for case in CASES if case.summary} == ALERTS.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert} {case.behaviour}")
def test_the_alert(case: Case, tmp_path: Path) -> None:
    # promtool compares annotations word for word; the summary is what is of interest.
    rules = [{**rule, "annotations": {"summary": summary(rule)}} for rule in RULES]
    (tmp_path / "rules.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": "gateway", "rules": rules}]})
    )
    expected = {
        "exp_labels": {**case.labels, "severity": ALERTS[case.alert]["labels"]["severity"]},
        "exp_annotations": {"summary": case.summary},
    }
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in case.series.items()
                ],
                "alert_rule_test": [
                    {
                        "eval_time": f"{case.minute}m",
                        "alertname": case.alert,
                        "exp_alerts": [expected] if case.summary else [],
                    }
                ],
            }
        ],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def summary(rule: dict[str, Any]) -> str:
    text: str = rule["annotations"]["summary"]
    return text
