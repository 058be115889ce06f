from collections.abc import Callable

import pytest

from ops.cost.estimate import Estimate, estimate
from ops.cost.prices import load_prices
from ops.cost.usage import load_usage
from sandbox.planned_resources import Plan
from sandbox.preview_only import plan_stack


@pytest.fixture(scope="session")
def plans() -> dict[str, Plan]:
    """What the real engine previews for the delivered stacks, with no account."""
    return {stack: plan_stack(stack, {}, lambda _: None) for stack in ("dev", "prod")}


@pytest.fixture(scope="session")
def estimated(plans: dict[str, Plan]) -> Callable[[str], Estimate]:
    def of(stack: str) -> Estimate:
        return estimate(stack, plans[stack], load_usage(stack, {}), load_prices())

    return of
