"""Rules between limits, alerts, guardrails and the other sections of a stack's configuration."""

from collections.abc import Iterator

from infra.settings import Settings

# SpecialModelNames in litellm/proxy/_types.py of 1.106.2.
_SPECIAL_MODELS = frozenset({"all-proxy-models", "all-team-models", "no-default-models"})


def limit_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence for every default that names a model which is not there."""
    names = {model.name for model in settings.models}
    groups = {f"provider:{model.provider}" for model in settings.models}
    groups |= {f"tier:{len(model.tier)}" for model in settings.models}
    limits = settings.limits
    for key, models in (
        ("newKeys", limits.new_keys.models),
        ("newTeams", limits.new_teams.models),
        ("newUsers", limits.new_users.models),
    ):
        for name in models:
            if name not in names | groups | _SPECIAL_MODELS:
                known = ", ".join(sorted(names | groups))
                yield f"limits.{key}.models: there is no {name!r}; known are {known}"


def alerting_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence for every alert that nobody would get."""
    alerting = settings.alerting
    if alerting.email and len(alerting.ways) > 1:
        # send_alert in litellm/integrations/SlackAlerting/slack_alerting.py: without a receiver
        # send_email raises, before Slack's turn and before the alert counts as told.
        others = " and ".join(way for way in alerting.ways if way != "email")
        yield (
            f"alerting.email: together with {others}, LiteLLM would tell Slack nothing and the "
            "webhook at every request as soon as the owner of a key has no e-mail address; choose "
            "e-mail or the others"
        )
    for key, value in (
        ("userDailyUsd", alerting.user_daily_usd),
        ("userMonthlyUsd", alerting.user_monthly_usd),
    ):
        if value is not None and not alerting.slack:
            yield f"alerting.{key}: {value:g} is told to Slack alone; set alerting.slack to true"
        if value is not None and "user_spend_thresholds" not in alerting.types:
            yield f"alerting.{key}: add user_spend_thresholds to alerting.types"
    budgets = settings.limits.new_keys
    if budgets.soft_budget_usd and alerting.ways and "budget_alerts" not in alerting.types:
        yield (
            f"limits.newKeys.softBudgetUsd: {budgets.soft_budget_usd:g} would be told to nobody; "
            "add budget_alerts to alerting.types"
        )


def guardrail_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence for every name that several guardrails have."""
    names = [guardrail.name for guardrail in settings.guardrails]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"guardrails: {name!r} stands more than once; give each a name of its own"
