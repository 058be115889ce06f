import pytest
from recorded_program import Registered, run_program, stack_configuration
from test_settings import with_changes


@pytest.fixture(scope="session")
def dev() -> list[Registered]:
    return run_program("dev", stack_configuration("dev"))


@pytest.fixture(scope="session")
def prod() -> list[Registered]:
    return run_program("prod", stack_configuration("prod"))


@pytest.fixture(scope="session")
def prod_dr() -> list[Registered]:
    return run_program("prod-dr", stack_configuration("prod-dr"))


@pytest.fixture(scope="session")
def with_teams() -> list[Registered]:
    """``dev`` with two teams whose Bedrock costs stand apart, and a GitHub provider of its own."""
    teams = [
        {"id": "search", "tags": {"team": "search", "costCentre": "4711"}},
        {"id": "mobile", "tags": {"team": "mobile"}},
    ]
    return run_program(
        "dev",
        with_changes("dev", {"bedrock.teams": teams, "identity.github.oidcProvider": "create"}),
    )


@pytest.fixture(scope="session")
def across_accounts() -> list[Registered]:
    """``dev`` whose Bedrock calls go through a role of another account."""
    bedrock = {
        "roleArn": "arn:aws:iam::444455556666:role/models",
        "externalId": "litellm-dev",
        "teams": [{"id": "search", "tags": {"team": "search"}}],
    }
    return run_program("dev", with_changes("dev", {"bedrock": bedrock}))
