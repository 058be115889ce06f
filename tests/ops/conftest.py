from collections.abc import Callable

import pytest
from settled_stacks import SMALL, Settled

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


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    """dev, which may be deleted, with a second region, a retired database and a supplied key."""
    return Settled("dev", SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="session")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    """prod, which is protected."""
    return Settled("prod", {}, tmp_path_factory.mktemp("protected"))
