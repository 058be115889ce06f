"""The recording and alert rules, checked and tried out by promtool."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql import problems

from infra.alert_rules import (
    BURN_RATES,
    AlertRulesContext,
    BurnRate,
    alerts_of,
    render_alert_rules,
)
from sandbox import toolchain

CONTEXT = AlertRulesContext(daily_spend_usd=240)
GROUPS: list[dict[str, Any]] = yaml.safe_load(render_alert_rules(CONTEXT))["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
RECORDED = [rule for rule in RULES if "record" in rule]
ALERTS = {rule["alert"]: rule for rule in alerts_of(GROUPS)}

every_rule = pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"]
)

WHERE = 'namespace="litellm"'
UP = f'up{{{WHERE},pod="gateway-1"}}'
TOTAL = f"litellm_proxy_total_requests_metric_total{{{WHERE}"
OK, FAILED = f'{TOTAL},status_code="200"}}', f'{TOTAL},status_code="500"}}'
UNTRIED = f'{TOTAL},status_code="None"}}'
LIMITED = f'{TOTAL},status_code="429"}}'
LATENCY = f"litellm_request_total_latency_metric_bucket{{{WHERE}"
FIRST_TOKEN = f'litellm_llm_api_time_to_first_token_metric_bucket{{{WHERE},requested_model="claude"'
QUEUE = f"litellm_request_queue_time_seconds_bucket{{{WHERE}"
DEPLOYMENT = f'{WHERE},model_id="m1",litellm_model_name="claude",api_provider="bedrock"'
CALLED = "litellm_deployment_total_requests_total"
FAILED_CALLS = "litellm_deployment_failure_responses_total"
ONE = f'{{{DEPLOYMENT},model_group="claude"}}'
OTHER = ONE.replace("m1", "m2")
# What the proxy refuses by itself.
NONE = f'{{{WHERE},model_id="",model_group="claude"}}'
COOLED_DOWN = f'litellm_deployment_cooled_down_total{{{DEPLOYMENT},exception_status="401"}}'
ANSWERED = (
    "litellm_deployment_successful_fallbacks_total"
    f'{{{WHERE},requested_model="claude",fallback_model="gemini"}}'
)
UNANSWERED = f'litellm_deployment_failed_fallbacks_total{{{WHERE},requested_model="claude"}}'
ASKED = f'{TOTAL},status_code="200",requested_model="claude"}}'
SPEND = f"litellm_spend_metric_total{{{WHERE}}}"
LOST = f'litellm_callback_logging_failures_metric_total{{{WHERE},callback_name="S3Logger"}}'
AVAILABLE = f'kube_deployment_status_replicas_available{{{WHERE},deployment="gateway"}}'
WANTED = f'kube_deployment_spec_replicas{{{WHERE},deployment="gateway"}}'
POD = f'{WHERE},pod="gateway-1",container="proxy"'
RESTARTS = f"kube_pod_container_status_restarts_total{{{POD}}}"
KILLED = f'kube_pod_container_status_last_terminated_reason{{{POD},reason="OOMKilled"}}'
MIGRATION = f'kube_job_failed{{{WHERE},job_name="gateway-migration",condition="true"}}'
PODS = f'kube_horizontalpodautoscaler_status_current_replicas{{{WHERE},horizontalpodautoscaler="gateway"}}'  # noqa: E501
MOST = PODS.replace("status_current", "spec_max")


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
    assert rule["expr"].count(WHERE) == rule["expr"].count("{")


@every_rule
def test_what_a_rule_tells_says_of_which_namespace(rule: dict[str, Any]) -> None:
    grouped = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
    assert all(labels.startswith("namespace") for labels in grouped)


def test_the_thresholds_come_from_the_context() -> None:
    text = render_alert_rules(
        AlertRulesContext(
            namespace="other",
            failure_ratio=0.125,
            latency_seconds=17,
            remaining_budget_ratio=0.31,
            availability_percent=99,
            daily_spend_usd=77,
            minimum_requests=33,
            runbook_url="https://example.com/page",
        )
    )
    for figure in (
        *('namespace="other"', "> 0.125", "12.5 %", "> 17", "< 0.31"),
        # 14.4 times the hundredth that may fail.
        *("> 0.144", "> 77", "> 33", "https://example.com/page#gatewaydown"),
    ):
        assert figure in text


def test_an_error_budget_is_what_the_objective_leaves() -> None:
    assert AlertRulesContext(availability_percent=99.9).error_budget == 0.001


def test_each_burn_rate_spends_a_known_part_of_the_budget_within_its_window() -> None:
    hours = {"1h": 1, "6h": 6, "1d": 24, "3d": 72}
    spent = [
        round(burn.factor * hours[burn.long] / (30 * 24), 3)
        for _, _, burns in BURN_RATES
        for burn in burns
    ]
    assert spent == [0.02, 0.05, 0.1, 0.1]


def test_a_burn_rate_of_its_own_gets_recorded_ratios_of_its_own() -> None:
    burn = BurnRate(factor=2, long="12h", short="10m", counted="1d")
    context = AlertRulesContext(burn_rates=(("Burns", "warning", (burn,)),))
    assert context.windows == ["10m", "12h"]


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
    step: int = 1
    """Minutes between two values of a series."""


def fires(
    alert: str, behaviour: str, series: dict[str, str], minute: int, summary: str, **labels: str
) -> Case:
    return Case(
        alert=alert,
        behaviour=behaviour,
        series=series,
        minute=minute,
        summary=summary,
        labels={"namespace": "litellm", **labels},
    )


def quiet(alert: str, behaviour: str, series: dict[str, str], minute: int) -> Case:
    return Case(alert=alert, behaviour=f"is quiet {behaviour}", series=series, minute=minute)


def buckets(prefix: str, below: float, fast: int, above: str = "120") -> dict[str, str]:
    """A hundred requests a minute, ``fast`` of which take less than ``below`` seconds."""
    return {
        f'{prefix},le="{below:g}"}}': f"0+{fast}x60",
        f'{prefix},le="{above}"}}': "0+100x60",
        f'{prefix},le="+Inf"}}': "0+100x60",
    }


def budgets(
    metric: str, left: str, most: str, labels: str, asked: str = "0+1x20"
) -> dict[str, str]:
    return {
        f'{TOTAL},status_code="422",{labels}}}': asked,
        f"litellm_remaining_{metric}_budget_metric{{{WHERE},{labels}}}": f"{left}x20",
        f"litellm_{metric}_max_budget_metric{{{WHERE},{labels}}}": f"{most}x20",
    }


def over_days(behaviour: str, days: int, failing: int, summary: str = "") -> Case:
    """Slow burns: of a thousand requests in five minutes as many fail."""
    return Case(
        alert="ErrorBudgetBurnsSlowly",
        behaviour=behaviour,
        series={
            OK: f"0+{1000 - failing}x{days * DAY // 5}",
            FAILED: f"0+{failing}x{days * DAY // 5}",
        },
        minute=days * DAY,
        labels={"namespace": "litellm"},
        summary=f"{summary} than the objective allows" if summary else "",
        step=5,
    )


HOUR, DAY = 60, 1440
TEAM = 'team="t1",team_alias="Engineering"'
KEY = 'hashed_api_key="88dc",api_key_alias="laptop"'
WHOLE = 'user="litellm-proxy-budget"'

CASES = [
    fires(
        *("GatewayDown", "fires when no pod answers", {UP: "0x10"}, 5),
        "No pod of the gateway answers",
    ),
    fires("GatewayDown", "fires when there is no pod", {}, 5, "No pod of the gateway answers"),
    quiet(
        "GatewayDown",
        "while one of two pods answers",
        {UP: "1x10", UP.replace("gateway-1", "gateway-2"): "0x10"},
        5,
    ),
    fires(
        *("GatewayPodUnreachable", "names the pod", {UP: "0x10"}, 8),
        "Pod gateway-1 does not answer",
        pod="gateway-1",
    ),
    quiet("GatewayPodUnreachable", "during a short gap", {UP: "1x5 0x3 1x10"}, 12),
    fires(
        "ErrorBudgetBurnsFast",
        "tells of an outage within an hour",
        {OK: f"0+80x{2 * HOUR}", FAILED: f"0+20x{2 * HOUR}"},
        HOUR,
        "20% of the requests fail, more than the objective allows",
    ),
    fires(
        "ErrorBudgetBurnsFast",
        "tells of a lesser one within six hours",
        {OK: f"0+95x{6 * HOUR}", FAILED: f"0+5x{6 * HOUR}"},
        6 * HOUR,
        "5% of the requests fail, more than the objective allows",
    ),
    quiet(
        "ErrorBudgetBurnsFast",
        "when an outage is over",
        {OK: f"0+80x{HOUR} {80 * HOUR}+100x60", FAILED: f"0+20x{HOUR} {20 * HOUR}+0x60"},
        HOUR + 40,
    ),
    quiet(
        "ErrorBudgetBurnsFast",
        "about a handful of requests",
        {OK: f"0+0.3x{HOUR}", FAILED: f"0+0.3x{HOUR}"},
        HOUR,
    ),
    over_days(
        "tells of a day's failures", days=1, failing=20, summary="2% of the requests fail, more"
    ),
    over_days(
        "tells when the budget would not last",
        days=3,
        failing=10,
        summary="1% of the requests fail, more",
    ),
    over_days("is quiet while the objective is met", days=3, failing=2),
    fires(
        "GatewayFailures",
        "fires on errors of the gateway",
        {OK: "0+90x30", FAILED: "0+10x30"},
        20,
        "10% of the requests fail",
    ),
    fires(
        "GatewayFailures",
        "fires when no deployment is left to try",
        {OK: "0+90x30", UNTRIED: "0+10x30"},
        20,
        "10% of the requests fail",
    ),
    quiet("GatewayFailures", "about refused requests", {OK: "0+50x30", LIMITED: "0+50x30"}, 20),
    quiet("GatewayFailures", "without requests", {FAILED: "10x30"}, 20),
    fires(
        *("GatewaySlow", "looks at the slowest twentieth", buckets(LATENCY, 60, 92), 40),
        "One request in twenty takes longer than 1m 22s",
    ),
    quiet("GatewaySlow", "while few are slow", buckets(LATENCY, 60, 96), 40),
    fires(
        *("FirstTokenSlow", "names the model", buckets(FIRST_TOKEN, 15, 90, "30"), 40),
        "claude begins to answer after 22.5s",
        requested_model="claude",
    ),
    quiet("FirstTokenSlow", "while models begin soon", buckets(FIRST_TOKEN, 15, 99, "30"), 40),
    fires(
        *("RequestsQueue", "tells that requests wait", buckets(QUEUE, 1, 90, "2"), 40),
        "Requests wait 1.5s before their work begins",
    ),
    quiet("RequestsQueue", "while pods keep up", buckets(QUEUE, 1, 99, "2"), 40),
    fires(
        "DeploymentOutage",
        "names the deployment",
        {f"{CALLED}{ONE}": "0+5x30", f"{FAILED_CALLS}{ONE}": "0+5x30"},
        20,
        "Deployment m1 fails",
        model_id="m1",
        litellm_model_name="claude",
        api_provider="bedrock",
    ),
    quiet(
        "DeploymentOutage",
        "when calls succeed again",
        {f"{CALLED}{ONE}": "0+5x60", f"{FAILED_CALLS}{ONE}": "0+5x3 15x60"},
        20,
    ),
    quiet(
        "DeploymentOutage",
        "about what the proxy refuses",
        {f"{CALLED}{NONE}": "0+5x30", f"{FAILED_CALLS}{NONE}": "0+5x30"},
        20,
    ),
    fires(
        "CredentialsRefused",
        "names the provider",
        {COOLED_DOWN: "0+1x30"},
        10,
        "bedrock refuses the credentials of claude",
        model_id="m1",
        litellm_model_name="claude",
        api_provider="bedrock",
    ),
    quiet(
        "CredentialsRefused",
        "about other reasons to set a deployment aside",
        {COOLED_DOWN.replace("401", "429"): "0+1x30"},
        10,
    ),
    quiet("CredentialsRefused", "when new ones are taken", {COOLED_DOWN: "0+1x5 5x30"}, 20),
    fires(
        "DeploymentPartialOutage",
        "tells of one that lasts",
        {f"{CALLED}{ONE}": "0+10x60", f"{FAILED_CALLS}{ONE}": "0+5x60"},
        50,
        "Deployment m1 fails at times",
        model_id="m1",
        litellm_model_name="claude",
        api_provider="bedrock",
    ),
    quiet(
        "DeploymentPartialOutage",
        "about one that passes",
        {f"{CALLED}{ONE}": "0+10x60", f"{FAILED_CALLS}{ONE}": "0+5x20 100x40"},
        50,
    ),
    fires(
        "ModelOutage",
        "fires when all deployments are out",
        {f"{name}{one}": "0+5x30" for name in (CALLED, FAILED_CALLS) for one in (ONE, OTHER)},
        15,
        "Every deployment of claude is out",
        model_group="claude",
    ),
    quiet(
        "ModelOutage",
        "while one of two answers",
        {
            f"{CALLED}{ONE}": "0+5x30",
            f"{FAILED_CALLS}{ONE}": "0+5x30",
            f"{CALLED}{OTHER}": "0+5x30",
        },
        15,
    ),
    quiet(
        "ModelOutage",
        "about a key that is refused",
        {f"{name}{NONE}": "0+5x30" for name in (CALLED, FAILED_CALLS)},
        15,
    ),
    fires(
        "FallbacksAnswer",
        "names the model",
        {ANSWERED: "0+2x60", ASKED: "0+10x60"},
        40,
        "Fallbacks answer 20% of the requests for claude",
        requested_model="claude",
    ),
    quiet(
        "FallbacksAnswer",
        "about another deployment of the same model",
        {ANSWERED.replace("gemini", "claude"): "0+2x60", ASKED: "0+10x60"},
        40,
    ),
    quiet("FallbacksAnswer", "about a few", {ANSWERED: "0+1x60", ASKED: "0+100x60"}, 40),
    fires(
        "FallbacksFail",
        "names the model",
        {UNANSWERED: "0+1x60"},
        30,
        "Fallbacks of claude fail",
        requested_model="claude",
    ),
    quiet("FallbacksFail", "when they answer again", {UNANSWERED: "0+1x10 10x60"}, 40),
    fires(
        "TeamBudgetNearlyExhausted",
        "says what is left of the budget",
        budgets("team", "9", "100", f'{TEAM},pod="a"'),
        10,
        "Team Engineering has 9% of its budget left",
        team="t1",
        team_alias="Engineering",
    ),
    quiet(
        *("TeamBudgetNearlyExhausted", "while a tenth is left", budgets("team", "10", "100", TEAM)),
        10,
    ),
    quiet(
        "TeamBudgetNearlyExhausted",
        "about a team without a budget",
        {f"litellm_remaining_team_budget_metric{{{WHERE},{TEAM}}}": " ".join(["+Inf"] * 20)},
        10,
    ),
    quiet(
        "TeamBudgetNearlyExhausted",
        "about a team that was deleted",
        budgets("team", "9", "100", TEAM, asked="7x20"),
        10,
    ),
    fires(
        "KeyBudgetNearlyExhausted",
        "names the key by its alias",
        budgets("api_key", "1", "50", KEY),
        10,
        "Key laptop has 2% of its budget left",
        hashed_api_key="88dc",
        api_key_alias="laptop",
    ),
    quiet(
        "KeyBudgetNearlyExhausted", "while half is left", budgets("api_key", "25", "50", KEY), 10
    ),
    fires(
        "UserBudgetNearlyExhausted",
        "names the user",
        budgets("user", "5", "100", 'user="ada"'),
        10,
        "User ada has 5% of its budget left",
        user="ada",
    ),
    quiet("UserBudgetNearlyExhausted", "about the whole", budgets("user", "5", "100", WHOLE), 10),
    fires(
        *("GatewayBudgetNearlyExhausted", "tells of the whole", budgets("user", "5", "100", WHOLE)),
        10,
        "The whole gateway has 5% of its budget left",
    ),
    quiet(
        "GatewayBudgetNearlyExhausted",
        "about a user of it",
        budgets("user", "5", "100", 'user="ada"'),
        10,
    ),
    fires(
        "SpendUnusual",
        "compares with the day before",
        {SPEND: f"0+0.05x{DAY} {DAY * 0.05:g}+1x{HOUR}"},
        DAY + HOUR,
        "59.00 USD were spent within an hour, far more than usual",
    ),
    quiet("SpendUnusual", "about a steady rate", {SPEND: f"0+1x{DAY + HOUR}"}, DAY + HOUR),
    quiet(
        "SpendUnusual",
        "about small sums",
        {SPEND: f"0+0.001x{DAY} {DAY * 0.001:g}+0.1x{HOUR}"},
        DAY + HOUR,
    ),
    fires(
        *("DailySpendHigh", "says what was spent", {SPEND: f"0+0.25x{DAY}"}, DAY),
        "360.00 USD were spent within 24 hours",
    ),
    quiet("DailySpendHigh", "below the threshold", {SPEND: f"0+0.1x{DAY}"}, DAY),
    fires(
        "RequestsRateLimited",
        "says how many",
        {OK: "0+70x60", LIMITED: "0+30x60"},
        40,
        "Limits refuse 30% of the requests",
    ),
    quiet("RequestsRateLimited", "about a few", {OK: "0+90x60", LIMITED: "0+10x60"}, 40),
    fires(
        *("LogDeliveryFails", "names the destination", {LOST: "0+1x60"}, 30),
        "S3Logger cannot deliver its logs",
        callback_name="S3Logger",
    ),
    quiet("LogDeliveryFails", "after a failure that is over", {LOST: "0+1x5 5x60"}, 40),
    fires(
        *("PodsNotReady", "says how many are there", {AVAILABLE: "2x30", WANTED: "3x30"}, 20),
        "Only 2 of the gateway's pods are available",
        deployment="gateway",
    ),
    quiet("PodsNotReady", "during an update", {AVAILABLE: "2x10 3x20", WANTED: "3x30"}, 20),
    fires(
        *("PodRestarts", "names the pod", {RESTARTS: "0+1x20"}, 15),
        "Pod gateway-1 restarts again and again",
        pod="gateway-1",
        container="proxy",
    ),
    quiet("PodRestarts", "about a single one", {RESTARTS: "0x10 1x20"}, 20),
    fires(
        *("PodOutOfMemory", "names the pod", {KILLED: "0x10 1x20", RESTARTS: "0x10 1x20"}, 20),
        "Pod gateway-1 was killed for its memory",
        pod="gateway-1",
        container="proxy",
        reason="OOMKilled",
    ),
    quiet("PodOutOfMemory", "about the past", {KILLED: "1x90", RESTARTS: "1x90"}, 80),
    fires(
        *("MigrationFailed", "fires at once", {MIGRATION: "1x5"}, 1),
        "The database's migration has failed",
        job_name="gateway-migration",
        condition="true",
    ),
    quiet("MigrationFailed", "when it is done", {MIGRATION: "0x5"}, 1),
    fires(
        *("AutoscalerAtMaximum", "says how many pods that is", {PODS: "8x30", MOST: "8x30"}, 20),
        "The gateway has run with all of its 8 pods for 15 minutes",
        horizontalpodautoscaler="gateway",
    ),
    quiet("AutoscalerAtMaximum", "while there is room", {PODS: "7x30", MOST: "8x30"}, 20),
]


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tried_out_both_ways(alert: str) -> None:
    assert {bool(case.summary) for case in CASES if case.alert == alert} == {True, False}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert} {case.behaviour}")
def test_the_alert(case: Case, tmp_path: Path) -> None:
    # promtool compares annotations word for word; the summary is what is of interest.
    alert = {**ALERTS[case.alert], "annotations": {"summary": summary(ALERTS[case.alert])}}
    groups = [
        {
            "name": "recorded",
            "rules": [rule for rule in RECORDED if rule["record"] in alert["expr"]],
        },
        {"name": "alerts", "rules": [alert]},
    ]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    expected = {
        "exp_labels": {**case.labels, "severity": alert["labels"]["severity"]},
        "exp_annotations": {"summary": case.summary},
    }
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{case.step}m",
        # What is recorded comes before what is told of it, as Prometheus has it a moment later.
        "group_eval_order": ["recorded", "alerts"],
        "tests": [
            {
                "interval": f"{case.step}m",
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
