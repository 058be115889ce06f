"""Waivers name what they waive, have a reason and an end, and are taken away when not needed."""

import datetime
from pathlib import Path

import pytest

from policy import waivers
from policy.control import Control, Verdict, assess_all
from policy.controls import CONTROLS
from policy.resource_types import VPC
from policy.stack import Resource, Stack
from policy.waivers import Waiver, WaiverError

TODAY = datetime.date(2027, 1, 1)
WAIVER = Waiver(
    row=12,
    check="has-flow-logs",
    resource="aws:ec2/vpc:Vpc::*",
    reason="a test",
    until=TODAY,
)


@pytest.fixture
def stack() -> Stack:
    urn = f"urn:pulumi:dev::litellm-gateway::{VPC}::vpc"
    return Stack([Resource(type=VPC, name="vpc", urn=urn, inputs={})])


@pytest.fixture
def verdicts(stack: Stack) -> list[Verdict]:
    return assess_all(CONTROLS, stack)


def left(stack: Stack, verdicts: list[Verdict], *allowed: Waiver) -> set[tuple[int, str]]:
    found = waivers.unwaived(verdicts, allowed, stack)
    return {(verdict.control.row, verdict.check) for verdict in found}


def changed(**changes: object) -> Waiver:
    return Waiver(**{**vars(WAIVER), **changes})  # type: ignore[arg-type]


def test_a_waiver_covers_one_check_of_the_resources_it_names(
    stack: Stack, verdicts: list[Verdict]
) -> None:
    before = left(stack, verdicts)
    assert before - left(stack, verdicts, WAIVER) == {(12, "has-flow-logs")}


@pytest.mark.parametrize(
    "other",
    [
        {"row": 14},
        {"check": "closes-the-default-security-group", "resource": "aws:ec2/vpc:Vpc::other"},
        {"resource": "aws:ec2/subnet:Subnet::vpc"},
        {"stacks": ("prod",)},
    ],
)
def test_a_waiver_of_something_else_covers_nothing(
    stack: Stack, verdicts: list[Verdict], other: dict[str, object]
) -> None:
    assert left(stack, verdicts, changed(**other)) == left(stack, verdicts)


def test_a_needed_waiver_holds_through_its_last_day(stack: Stack, verdicts: list[Verdict]) -> None:
    assert list(waivers.spent([WAIVER], verdicts, stack, TODAY)) == []
    (complaint,) = waivers.spent([WAIVER], verdicts, stack, TODAY + datetime.timedelta(days=1))
    assert "row 12, has-flow-logs" in complaint
    assert "ended on 2027-01-01" in complaint


def test_a_waiver_that_nothing_needs_is_complained_of(
    stack: Stack, verdicts: list[Verdict]
) -> None:
    unneeded = changed(resource="aws:ec2/vpc:Vpc::other")
    (complaint,) = waivers.spent([unneeded], verdicts, stack, TODAY)
    assert "nothing needs it in stack dev" in complaint


def test_a_waiver_for_other_stacks_is_left_alone(stack: Stack, verdicts: list[Verdict]) -> None:
    elsewhere = changed(stacks=("prod",), resource="none", until=datetime.date(2020, 1, 1))
    assert list(waivers.spent([elsewhere], verdicts, stack, TODAY)) == []


def test_every_mistake_in_the_file_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(
        "- {row: 99, check: x, resource: '*', until: 2027-01-01, reason: because}\n"
        "- {row: 12, check: misspelt, resource: '*', until: soon, reason: ' '}\n"
        "- {row: 12, check: has-flow-logs, until: 2027-01-01, reason: because, stack: dev}\n"
    )
    with pytest.raises(WaiverError) as raised:
        waivers.load(CONTROLS, file)
    assert str(raised.value).splitlines() == [
        "waivers.yaml, waiver 1: row 99 is no control",
        "waivers.yaml, waiver 2: check misspelt is not of row 12: has-flow-logs, "
        "closes-the-default-security-group, gives-no-public-addresses, "
        "stands-in-a-vpc-of-this-stack",
        "waivers.yaml, waiver 2: until soon is not a date, such as 2027-06-30",
        "waivers.yaml, waiver 2: reason is empty",
        "waivers.yaml, waiver 3: resource is missing",
        "waivers.yaml, waiver 3: stack is not a key; keys are check, reason, resource, row, "
        "stacks, until",
    ]


def test_the_delivered_waivers_are_well_formed() -> None:
    controls: tuple[Control, ...] = CONTROLS
    assert waivers.load(controls)
