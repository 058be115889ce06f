"""The alert rules, checked and tried out by promtool."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql import problems

from infra.rendering import AlertRulesContext, render_alert_rules
from sandbox import toolchain

CONTEXT = AlertRulesContext(namespace="litellm")
RULES: list[dict[str, Any]] = yaml.safe_load(render_alert_rules(CONTEXT))["groups"][0]["rules"]
ALERTS = {rule["alert"]: rule for rule in RULES}

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])

UP = 'up{namespace="litellm",job="litellm-gateway",pod="gateway-1"}'
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
            job="proxy",
            failure_ratio=0.125,
            latency_seconds=17,
            remaining_budget_ratio=0.31,
        )
    )
    for figure in ('namespace="other"', 'job="proxy"', "> 0.125", "12.5 %", "> 17", "< 0.31"):
        assert figure in text


# Each case: the alert, its input (series → values a minute), the minute asked about, its labels
# when it fires or None.
CASES: list[tuple[str, str, dict[str, str], int, dict[str, str] | None]] = [
    ("fires when no pod answers", "GatewayDown", {UP: "0x10"}, 5, {"job": "litellm-gateway"}),
    ("fires when there is no pod", "GatewayDown", {}, 5, {"job": "litellm-gateway"}),
    ("is quiet while a pod answers", "GatewayDown", {UP: "1x10"}, 5, None),
    (
        "names the pod",
        "GatewayPodUnreachable",
        {UP: "0x10"},
        8,
        {"job": "litellm-gateway", "pod": "gateway-1"},
    ),
    (
        "fires on errors of the gateway",
        "GatewayFailures",
        {
            f'{TOTAL}{{namespace="litellm",status_code="200"}}': "0+90x30",
            f'{TOTAL}{{namespace="litellm",status_code="500"}}': "0+10x30",
        },
        20,
        {},
    ),
    (
        "is quiet about refused requests",
        "GatewayFailures",
        {
            f'{TOTAL}{{namespace="litellm",status_code="200"}}': "0+50x30",
            f'{TOTAL}{{namespace="litellm",status_code="429"}}': "0+50x30",
        },
        20,
        None,
    ),
    (
        "is quiet without requests",
        "GatewayFailures",
        {f'{TOTAL}{{namespace="litellm",status_code="500"}}': "10x30"},
        20,
        None,
    ),
    (
        "looks at the slowest twentieth",
        "GatewaySlow",
        {
            f'{LATENCY}{{namespace="litellm",le="60"}}': "0+90x60",
            f'{LATENCY}{{namespace="litellm",le="120"}}': "0+100x60",
            f'{LATENCY}{{namespace="litellm",le="+Inf"}}': "0+100x60",
        },
        40,
        {},
    ),
    (
        "takes the worst view of all pods",
        "DeploymentOutage",
        {f'{STATE}{{{DEPLOYMENT},pod="a"}}': "0x20", f'{STATE}{{{DEPLOYMENT},pod="b"}}': "2x20"},
        10,
        {"model_id": "m1", "litellm_model_name": "claude", "api_provider": "bedrock"},
    ),
    (
        "is quiet about a partial outage",
        "DeploymentOutage",
        {f"{STATE}{{{DEPLOYMENT}}}": "1x20"},
        10,
        None,
    ),
    (
        "names the model",
        "FallbacksFail",
        {
            'litellm_deployment_failed_fallbacks_total{namespace="litellm",'
            'requested_model="claude"}': "0+1x60"
        },
        30,
        {"requested_model": "claude"},
    ),
    (
        "fires below the threshold",
        "TeamBudgetNearlyExhausted",
        {f'{LEFT}{{{TEAM},pod="a"}}': "9x20", f'{BUDGET}{{{TEAM},pod="a"}}': "100x20"},
        10,
        {"team": "t1", "team_alias": "Engineering"},
    ),
    (
        "is quiet about unlimited teams",
        "TeamBudgetNearlyExhausted",
        {f"{LEFT}{{{TEAM}}}": "InfxInf", f"{BUDGET}{{{TEAM}}}": "InfxInf"},
        10,
        None,
    ),
    (
        "names the destination",
        "LogDeliveryFails",
        {
            'litellm_callback_logging_failures_metric_total{namespace="litellm",'
            'callback_name="S3Logger"}': "0+1x60"
        },
        30,
        {"callback_name": "S3Logger"},
    ),
]


@pytest.mark.parametrize(
    ("alert", "series", "minute", "labels"),
    [case[1:] for case in CASES],
    ids=[f"{case[1]} {case[0]}" for case in CASES],
)
def test_the_alert(
    alert: str,
    series: dict[str, str],
    minute: int,
    labels: dict[str, str] | None,
    tmp_path: Path,
) -> None:
    (tmp_path / "rules.yaml").write_text(render_alert_rules(CONTEXT))
    severity = {"severity": ALERTS[alert]["labels"]["severity"]}
    namespace = (
        {"namespace": "litellm"} if alert in ("GatewayDown", "GatewayPodUnreachable") else {}
    )
    expected = [] if labels is None else [{"exp_labels": {**labels, **namespace, **severity}}]
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in series.items()
                ],
                "alert_rule_test": [
                    {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": expected}
                ],
            }
        ],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr
