"""Prometheus rules: what is told from which figure on. Pure: context in, text out."""

from dataclasses import dataclass
from typing import Any

from infra.documents import InvalidConfiguration, parse_yaml
from infra.naming import NAMESPACE, RELEASE
from infra.settings import Settings
from infra.templates import render_rules

# Under this user LiteLLM 1.106.2 keeps the budget of the whole gateway: litellm/constants.py,
# LITELLM_PROXY_BUDGET_NAME.
GATEWAY_BUDGET_USER = "litellm-proxy-budget"


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """How many times faster than allowed the error budget is spent, over a long and a short window.

    ``counted`` is the window in which enough requests are counted to judge a share of them.
    """

    factor: float
    long: str
    short: str
    counted: str


# Factors and windows for an objective over 30 days: sre.google/workbook/alerting-on-slos,
# "Multiwindow, Multi-Burn-Rate Alerts".
BURN_RATES: tuple[tuple[str, str, tuple[BurnRate, ...]], ...] = (
    (
        "ErrorBudgetBurnsFast",
        "critical",
        (
            BurnRate(factor=14.4, long="1h", short="5m", counted="1h"),
            BurnRate(factor=6, long="6h", short="30m", counted="1d"),
        ),
    ),
    (
        "ErrorBudgetBurnsSlowly",
        "warning",
        (
            BurnRate(factor=3, long="1d", short="2h", counted="1d"),
            BurnRate(factor=1, long="3d", short="6h", counted="1d"),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A kind of budget: its metrics, the labels that tell one from another, who is told of."""

    alert: str
    metric: str
    labels: str
    selector: str
    subject: str
    severity: str = "warning"


BUDGETS = (
    Budget(
        alert="TeamBudgetNearlyExhausted",
        metric="team",
        labels=", team, team_alias",
        selector="",
        subject="Team {{ $labels.team_alias }}",
    ),
    Budget(
        alert="KeyBudgetNearlyExhausted",
        metric="api_key",
        labels=", hashed_api_key, api_key_alias",
        selector="",
        subject="Key {{ $labels.api_key_alias }}",
    ),
    Budget(
        alert="UserBudgetNearlyExhausted",
        metric="user",
        labels=", user",
        selector=f',user!="{GATEWAY_BUDGET_USER}"',
        subject="User {{ $labels.user }}",
    ),
    Budget(
        alert="GatewayBudgetNearlyExhausted",
        metric="user",
        labels="",
        selector=f',user="{GATEWAY_BUDGET_USER}"',
        subject="The whole gateway",
        severity="critical",
    ),
)


@dataclass(frozen=True, kw_only=True)
class AlertRulesContext:
    """Where the rules look, and from which figure on they tell. Ratios are parts of one."""

    namespace: str = NAMESPACE
    release: str = RELEASE
    runbook_url: str = "docs/runbooks/alerts.md"
    availability_percent: float = 99.5
    minimum_requests: int = 50
    failure_ratio: float = 0.05
    latency_seconds: float = 60
    first_token_seconds: float = 15
    queue_seconds: float = 1
    fallback_ratio: float = 0.1
    rate_limited_ratio: float = 0.2
    remaining_budget_ratio: float = 0.1
    spend_factor: float = 4
    daily_spend_usd: float = 200
    burn_rates: tuple[tuple[str, str, tuple[BurnRate, ...]], ...] = BURN_RATES
    budgets: tuple[Budget, ...] = BUDGETS

    @property
    def error_budget(self) -> float:
        """Part of the requests that may fail."""
        return round(1 - self.availability_percent / 100, 6)

    @property
    def windows(self) -> list[str]:
        """Every window of a burn rate, as the recorded ratios have them."""
        burns = [burn for _, _, burns in self.burn_rates for burn in burns]
        return list(dict.fromkeys(window for burn in burns for window in (burn.short, burn.long)))


def rules_context(settings: Settings) -> AlertRulesContext:
    """Return what a stack's rules are rendered from."""
    alerts = settings.observability.alerts
    return AlertRulesContext(
        runbook_url=settings.observability.runbook_url,
        availability_percent=alerts.availability_percent,
        minimum_requests=alerts.minimum_requests,
        failure_ratio=alerts.failure_percent / 100,
        latency_seconds=alerts.latency_seconds,
        first_token_seconds=alerts.first_token_seconds,
        queue_seconds=alerts.queue_seconds,
        fallback_ratio=alerts.fallback_percent / 100,
        rate_limited_ratio=alerts.rate_limited_percent / 100,
        remaining_budget_ratio=alerts.remaining_budget_percent / 100,
        spend_factor=alerts.spend_factor,
        daily_spend_usd=settings.monitoring.thresholds.daily_spend_usd,
    )


def render_alert_rules(context: AlertRulesContext) -> str:
    """Return a Prometheus rule file, in which each alert is named once and says what to do.

    Raises InvalidConfiguration where an alert lacks what its reader needs.
    """
    text = render_rules("alert_rules.yaml.j2", context=context)
    problems = list(_problems(alerts_of(parse_yaml("the alert rules", text)["groups"])))
    if problems:
        raise InvalidConfiguration("the alert rules", problems)
    return text


def rule_groups(context: AlertRulesContext) -> list[dict[str, Any]]:
    """Return the rules as the groups of a PrometheusRule."""
    return parse_yaml("the alert rules", render_alert_rules(context))["groups"]


def alerts_of(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules that tell, without those that only record."""
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def _problems(alerts: list[dict[str, Any]]) -> list[str]:
    names = [rule["alert"] for rule in alerts]
    found = [f"{name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for rule in alerts:
        for part in ("summary", "description", "runbook_url"):
            if not rule.get("annotations", {}).get(part):
                found.append(f"{rule['alert']} has no {part}")
        if rule.get("labels", {}).get("severity") not in ("critical", "warning"):
            found.append(f"{rule['alert']} is neither critical nor a warning")
    return found
