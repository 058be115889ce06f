"""Prometheus rules: what is told from which figure on. Pure: context in, text out."""

from dataclasses import dataclass

from infra.documents import InvalidConfiguration, parse_yaml
from infra.templates import render_rules


@dataclass(frozen=True, kw_only=True)
class AlertRulesContext:
    """Where the rules look, and from which figure on they tell."""

    namespace: str
    failure_ratio: float = 0.05
    latency_seconds: float = 60
    remaining_budget_ratio: float = 0.1


def render_alert_rules(context: AlertRulesContext) -> str:
    """Return a Prometheus rule file, in which each alert is named once and says what to do."""
    text = render_rules("alert_rules.yaml.j2", context=context)
    groups = parse_yaml("the alert rules", text)["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    names = [rule["alert"] for rule in rules]
    problems = [f"{name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for rule in rules:
        for part in ("summary", "description"):
            if not rule.get("annotations", {}).get(part):
                problems.append(f"{rule['alert']} has no {part}")
        if rule.get("labels", {}).get("severity") not in ("critical", "warning"):
            problems.append(f"{rule['alert']} is neither critical nor a warning")
    if problems:
        raise InvalidConfiguration("the alert rules", problems)
    return text
