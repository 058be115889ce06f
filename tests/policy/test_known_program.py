"""The delivered stacks with every value known: nothing escapes the controls."""

import datetime
from collections.abc import Iterator

import pytest
from known_program import KnownProgram, run_known_program

from policy import waivers
from policy.control import Status, Verdict, assess_all
from policy.controls import CONTROLS

# Without such roles in a stack there is nothing to bind.
_ONLY_WHERE_CONFIGURED = {11}


@pytest.fixture(scope="module", params=["dev", "prod", "prod-dr"])
def program(request: pytest.FixtureRequest) -> KnownProgram:
    return run_known_program(request.param)


@pytest.fixture(scope="module")
def verdicts(program: KnownProgram) -> list[Verdict]:
    return assess_all(CONTROLS, program.stack)


def described(verdicts: Iterator[Verdict] | list[Verdict]) -> list[str]:
    return [
        f"row {found.control.row}: {found.resource.label}: {found.message} [{found.check}]"
        for found in verdicts
    ]


def test_every_control_holds(program: KnownProgram, verdicts: list[Verdict]) -> None:
    allowed = waivers.load(CONTROLS)
    assert described(waivers.unwaived(verdicts, allowed, program.stack)) == []


def test_every_waiver_is_needed(program: KnownProgram, verdicts: list[Verdict]) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    allowed = waivers.load(CONTROLS)
    assert list(waivers.spent(allowed, verdicts, program.stack, today)) == []


def test_every_check_can_be_done(verdicts: list[Verdict]) -> None:
    assert described([found for found in verdicts if found.status is Status.NOT_CHECKED]) == []


def test_every_row_has_something_to_look_at(verdicts: list[Verdict]) -> None:
    looked_at = {found.control.row for found in verdicts}
    assert {control.row for control in CONTROLS} - looked_at <= _ONLY_WHERE_CONFIGURED


def test_the_salt_key_of_production_outlives_the_stack() -> None:
    program = run_known_program("prod")
    kept = {urn.rpartition("::")[2] for urn in program.retained if "secretsmanager" in urn}
    assert "salt-key" in kept


def test_the_tag_that_policies_read_is_the_one_that_the_program_writes() -> None:
    assert not run_known_program("dev").stack.protected
    assert run_known_program("prod").stack.protected
