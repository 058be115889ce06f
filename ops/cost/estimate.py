"""From a plan to an estimate in which every resource is accounted for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from infra import configuration
from ops.cost.free import why_free
from ops.cost.lines import CannotPrice, Costs, Line, Part
from ops.cost.prices import PriceTable, UnknownPrice
from ops.cost.rules import RULES
from ops.cost.usage import Usage
from sandbox.planned_resources import Plan, PlannedResource
from sandbox.stack_files import PROJECT

# Paid for, and no part of the infrastructure.
EXCLUDED = (
    "tokens of models (Amazon Bedrock and other providers), which budgets in the gateway limit",
    "taxes, support plans, free tiers and discounts",
    "traffic out of AWS to callers, who are inside of the VPC or behind a connection of their own",
)


@dataclass(frozen=True, kw_only=True)
class UnknownCost:
    """A resource that no rule prices, and why."""

    resource: PlannedResource
    reason: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a stack costs a month in USD; ``unknown`` is not in the total."""

    stack: str
    region: str
    currency: str
    price_date: date
    usage: Usage
    lines: Sequence[Line]
    free: Sequence[tuple[PlannedResource, str]]
    unknown: Sequence[UnknownCost]

    def monthly(self, part: Part | None = None) -> float:
        """Return the total of one part or of both."""
        return sum(line.monthly(part) for line in self.lines)

    @property
    def unconfirmed(self) -> float:
        """Return how much of the total stands on prices that could not be confirmed."""
        items = (item for line in self.lines for item in line.items)
        return sum(item.monthly for item in items if not item.price.confirmed)


def estimate(stack: str, plan: Plan, usage: Usage, prices: PriceTable) -> Estimate:
    """Price every resource of a plan; raise SettingsError if its configuration does not hold."""
    costs = Costs(
        plan=plan,
        settings=configuration.parse(stack, PROJECT, plan.configuration),
        usage=usage,
        prices=prices,
    )
    lines: list[Line] = []
    free: list[tuple[PlannedResource, str]] = []
    unknown: list[UnknownCost] = []
    for resource in plan.resources:
        rule = RULES.get(resource.type)
        if rule is None:
            if reason := why_free(resource.type):
                free.append((resource, reason))
            else:
                reason = f"no rule for {resource.type}"
                unknown.append(UnknownCost(resource=resource, reason=reason))
            continue
        try:
            items = tuple(rule(resource, costs))
        except (CannotPrice, UnknownPrice) as error:
            unknown.append(UnknownCost(resource=resource, reason=str(error)))
            continue
        if items:
            lines.append(Line(resource=resource, items=items))
        else:
            free.append((resource, "nothing of it is charged by itself"))
    return Estimate(
        stack=stack,
        region=prices.region,
        currency=prices.currency,
        price_date=prices.date,
        usage=usage,
        lines=lines,
        free=free,
        unknown=unknown,
    )
