"""Lines of an estimate, and what a rule needs to make them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.settings import Settings
from ops.cost.prices import HOURS_PER_MONTH, Price, PriceTable
from ops.cost.usage import Usage
from sandbox.planned_resources import Plan, PlannedResource, Unknown

Part = Literal["fixed", "usage"]


class CannotPrice(Exception):
    """A resource whose cost depends on what the preview does not tell."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A part of what one resource costs: quantity x unit price, in USD a month."""

    text: str
    part: Part
    quantity: float
    price: Price

    @property
    def monthly(self) -> float:
        return self.quantity * self.price.amount


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What rules read: the whole plan, the stack's settings, assumptions and prices."""

    plan: Plan
    settings: Settings
    usage: Usage
    prices: PriceTable

    def fixed(self, text: str, key: str | Price, units: float = 1) -> Item:
        """Return an item for units that are there the whole month."""
        price = self._price(key)
        hours = HOURS_PER_MONTH if price.unit == "hour" else 1
        return Item(text=text, part="fixed", quantity=units * hours, price=price)

    def used(self, text: str, key: str | Price, quantity: float) -> Item:
        """Return an item for what use consumes."""
        return Item(text=text, part="usage", quantity=quantity, price=self._price(key))

    def has(self, resource_type: str) -> bool:
        """Tell whether the stack has a resource of a type."""
        return bool(self.plan.of_type(resource_type))

    def _price(self, key: str | Price) -> Price:
        return key if isinstance(key, Price) else self.prices[key]


Rule = Callable[[PlannedResource, Costs], Iterable[Item]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A resource with everything that it costs."""

    resource: PlannedResource
    items: tuple[Item, ...] = field(default=())

    def monthly(self, part: Part | None = None) -> float:
        """Return USD a month, of one part or of both."""
        return sum(item.monthly for item in self.items if part in (None, item.part))


def known(resource: PlannedResource, *path: str, default: Any = None) -> Any:
    """Return an input by its path; raise :class:`CannotPrice` if the preview does not know it."""
    value: Any = resource.inputs
    for part in path:
        if isinstance(value, Unknown):
            break
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, Unknown):
        raise CannotPrice(f"{'.'.join(path)} is not known in a preview")
    return default if value is None else value
