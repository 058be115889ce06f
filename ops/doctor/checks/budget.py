"""The budget of AWS for Bedrock."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack

# Where the budget itself begins to tell: infra/budgets.py.
_PERCENT = 80
_SPEND = "docs/runbooks/alerts.md#spendunusual"


def budget(stack: RunningStack) -> Iterator[Finding]:
    """The configured budget exists, and the month stays below it."""
    limit = stack.settings.budget.bedrock_monthly_usd
    if limit is None:
        yield ok("budget.bedrockMonthlyUsd is unset: there is no budget")
        return
    name = stack.naming.named("bedrock")
    account = stack.aws("sts").get_caller_identity()["Account"]
    try:
        found = stack.aws("budgets").describe_budget(AccountId=account, BudgetName=name)["Budget"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        yield failed(f"there is no budget {name}: nobody is told of spend", "pulumi up")
        return
    yield judged_budget(found, limit)


def judged_budget(found: Mapping[str, Any], limit: float) -> Finding:
    """Judge AWS's description of a budget by the limit that the settings name, in USD."""
    actual = float(found["BudgetLimit"]["Amount"])
    if actual != limit:
        text = f"the budget is {actual:.2f} USD, the settings say {limit:.2f}"
        return attention(text, "pulumi up")
    spend = found.get("CalculatedSpend", {})
    spent = float(spend.get("ActualSpend", {}).get("Amount", 0))
    # AWS forecasts after some weeks of history only.
    forecast = float(spend.get("ForecastedSpend", {}).get("Amount", 0))
    text = f"{spent:.2f} of {limit:.2f} USD are spent this month, the forecast is {forecast:.2f}"
    much = spent >= limit * _PERCENT / 100 or forecast > limit
    return attention(text, _SPEND) if much else ok(text)
