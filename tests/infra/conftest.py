import pytest
from recorded_program import Registered, run_program, stack_configuration


@pytest.fixture(scope="session")
def dev() -> list[Registered]:
    return run_program("dev", stack_configuration("dev"))


@pytest.fixture(scope="session")
def prod() -> list[Registered]:
    return run_program("prod", stack_configuration("prod"))
