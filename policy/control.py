"""A control and its checks, and what becomes of them in a stack."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from pulumi_policy import Severity
from pulumi_policy.proxy import UnknownValueError

from policy.stack import CannotTell, Resource, Stack

# Yields a sentence for each thing that is wrong with a resource.
Check = Callable[[Resource, Stack], Iterator[str]]


@dataclass(frozen=True, kw_only=True)
class Control:
    """One row of the controls: what is required, its public ids, and the checks by resource type.

    ``elsewhere`` names what a policy cannot see and the test that sees it.
    """

    row: int
    name: str
    requires: str
    ids: tuple[str, ...]
    severity: Severity
    checks: Mapping[str, tuple[Check, ...]]
    elsewhere: str = ""

    @property
    def policy_name(self) -> str:
        return f"{self.row:02}-{self.name}"

    @property
    def description(self) -> str:
        """One line for people: row, requirement, public ids."""
        return f"Row {self.row}: {self.requires} ({', '.join(self.ids)})"

    @property
    def check_names(self) -> tuple[str, ...]:
        """Names by which waivers call the checks."""
        return tuple(
            dict.fromkeys(check_name(check) for checks in self.checks.values() for check in checks)
        )


class Status(Enum):
    """What a check found. ``NOT_CHECKED`` is never a pass: the value was out of sight."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one check of one resource."""

    control: Control
    check: str
    resource: Resource
    status: Status
    message: str = ""


def check_name(check: Check) -> str:
    """Return a check's public name: its function's, with hyphens."""
    return check.__name__.strip("_").replace("_", "-")


def assess(control: Control, stack: Stack) -> list[Verdict]:
    """Run every check of a control on every resource it is for."""
    return [
        verdict
        for type_, checks in control.checks.items()
        for resource in stack.of(type_)
        for check in checks
        for verdict in _run(control, check, resource, stack)
    ]


def assess_all(controls: Iterable[Control], stack: Stack) -> list[Verdict]:
    """Run every check of every control."""
    return [verdict for control in controls for verdict in assess(control, stack)]


def _run(control: Control, check: Check, resource: Resource, stack: Stack) -> Iterator[Verdict]:
    def verdict(status: Status, message: str = "") -> Verdict:
        return Verdict(
            control=control,
            check=check_name(check),
            resource=resource,
            status=status,
            message=message,
        )

    wrong = False
    try:
        for message in check(resource, stack):
            wrong = True
            yield verdict(Status.VIOLATED, message)
    except UnknownValueError as error:
        yield verdict(Status.NOT_CHECKED, f"{'.'.join(error.props)} is not known yet")
    except CannotTell as error:
        yield verdict(Status.NOT_CHECKED, str(error))
    else:
        if not wrong:
            yield verdict(Status.PASSED)
