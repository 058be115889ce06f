"""AWS Budgets: what Bedrock may cost the account in a month."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.model_catalogue import Model
from infra.naming import Naming
from infra.setting_sections import BudgetSettings

_BEDROCK = "Amazon Bedrock"
# anthropic.claude-haiku-4-5-20251001-v1:0, with or without a geography before it.
_CLAUDE = re.compile(r"(?:^|\.)anthropic\.claude-([a-z]+)-(\d+)(?:-(\d{1,2}))?(?:-\d{8})?(?:-v|$)")
_ACTUAL_PERCENT = (80, 100)
_FORECAST_PERCENT = 100


@dataclass(frozen=True, kw_only=True)
class BedrockBudgetArgs:
    naming: Naming
    settings: BudgetSettings
    models: Iterable[Model]
    topic_arn: pulumi.Input[str]


class BedrockBudget(pulumi.ComponentResource):
    """A monthly budget; tells at 80 and 100 % of what was spent and at 100 % of the forecast."""

    def __init__(
        self, name: str, args: BedrockBudgetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:budgets:BedrockBudget", name, None, opts)
        if args.settings.bedrock_monthly_usd is not None:
            levels = [
                *(("ACTUAL", percent) for percent in _ACTUAL_PERCENT),
                ("FORECASTED", _FORECAST_PERCENT),
            ]
            aws.budgets.Budget(
                "bedrock",
                name=args.naming.named("bedrock"),
                budget_type="COST",
                time_unit="MONTHLY",
                limit_amount=f"{args.settings.bedrock_monthly_usd:.2f}",
                limit_unit="USD",
                cost_filters=[
                    {
                        "name": "Service",
                        "values": bedrock_services(args.models, args.settings.services),
                    }
                ],
                notifications=[
                    {
                        "notification_type": kind,
                        "comparison_operator": "GREATER_THAN",
                        "threshold": percent,
                        "threshold_type": "PERCENTAGE",
                        "subscriber_sns_topic_arns": [args.topic_arn],
                    }
                    for kind, percent in levels
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def bedrock_services(models: Iterable[Model], further: Iterable[str]) -> list[str]:
    """Return the services, as Cost Explorer calls them, under which Bedrock's models are billed.

    Amazon's own are "Amazon Bedrock". Anthropic's are sold through AWS Marketplace, each as a
    service of its own, such as "Claude Haiku 4.5 (Amazon Bedrock Edition)", so that a budget on
    "Amazon Bedrock" alone stays near zero. Names of other sellers' models belong in
    ``budget.services``.
    """
    names = {_BEDROCK, *further}
    for model in models:
        for deployment in model.deployments:
            on_bedrock = model.provider_of(deployment) == "bedrock"
            if on_bedrock and (found := _CLAUDE.search(deployment.model)):
                family, major, minor = found.groups()
                version = f"{major}.{minor}" if minor else major
                names.add(f"Claude {family.capitalize()} {version} (Amazon Bedrock Edition)")
    return sorted(names)
