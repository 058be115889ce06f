"""Gathers what a report needs beside the preview: of the change, and of the commit before."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.capacity import capacity_problems, capacity_rooms
from infra.documents import InvalidConfiguration
from infra.settings import Settings, SettingsError
from ops.config.rendered import settings_of
from ops.config.stack_file import UnknownStack, read_stack_file
from ops.preview_report.checkout import CannotTell, Checkout
from ops.preview_report.dangers import Danger, Documents
from ops.preview_report.judges import changed_judges
from ops.preview_report.money import Money, compare_costs
from ops.preview_report.preview import Preview
from ops.preview_report.redaction import Redactor, environment_secrets, supplied_in_clear
from ops.preview_report.report import Capacity, ConfigDifference, Report, find_dangers
from ops.preview_report.setting_changes import setting_changes
from ops.preview_report.text_difference import difference
from ops.preview_report.waivers import added_waivers

NO_BASE = "there is no commit to compare with; give --base or --base-directory"
_NOT_WANTED = "--without-cost"
_FAILURES = (InvalidConfiguration, SettingsError, UnknownStack)

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """What one checkout answers; where it does not, the reason."""

    cost: Answer | None
    made: Answer | None
    cost_missing: str = ""
    made_missing: str = ""


def gather(
    stack: str,
    preview: Preview,
    change: Checkout,
    base: Checkout | None,
    redactor: Redactor,
    *,
    commit: str = "",
    with_cost: bool = True,
) -> Report:
    """Return the report of a preview; what cannot be found out is said in it, not raised."""
    with ThreadPoolExecutor() as threads:
        asked = threads.submit(_side, threads, change, stack, with_cost)
        earlier = _side(threads, base, stack, with_cost) if base else Side(None, None)
        now = asked.result()
    money = _money(earlier, now, base, with_cost)
    return Report(
        stack=stack,
        commit=commit,
        preview=preview,
        dangers=find_dangers(preview, _documents(earlier, now), _rules(change, base)),
        money=money,
        capacity=_capacity(stack, change, base),
        config=_config(earlier, now, base, redactor),
        **_settings(stack, change, base, redactor),
    )


def _side(threads: ThreadPoolExecutor, checkout: Checkout, stack: str, with_cost: bool) -> Side:
    cost = threads.submit(checkout.cost, stack) if with_cost else None
    made, made_missing = _answer(lambda: checkout.made(stack))
    if cost is None:
        return Side(None, made, _NOT_WANTED, made_missing)
    found, cost_missing = _answer(cost)
    return Side(found, made, cost_missing, made_missing)


def _answer(asked: Callable[[], Answer] | Future[Answer]) -> tuple[Answer | None, str]:
    try:
        return (asked.result() if isinstance(asked, Future) else asked()), ""
    except CannotTell as error:
        return None, str(error)


def _money(before: Side, after: Side, base: Checkout | None, with_cost: bool) -> Money:
    if not with_cost:
        return Money(before=None, after=None)
    missing = [f"the cost before ({before.cost_missing or NO_BASE})"] if not before.cost else []
    missing += [f"the cost after ({after.cost_missing})"] if not after.cost else []
    return compare_costs(before.cost, after.cost, tuple(missing))


def _documents(before: Side, after: Side) -> Documents | None:
    if after.made is None:
        return None
    return Documents(
        before=before.made["documents"] if before.made else None,
        after=after.made["documents"],
        own=frozenset((*(before.made["own"] if before.made else ()), *after.made["own"])),
    )


def _config(
    before: Side, after: Side, base: Checkout | None, redactor: Redactor
) -> ConfigDifference:
    if base is None:
        return ConfigDifference(missing=NO_BASE)
    if before.made is None:
        return ConfigDifference(missing=f"the one before: {before.made_missing}")
    if after.made is None:
        return ConfigDifference(missing=f"the one after: {after.made_missing}")
    lines = difference(redactor.hide(before.made["config"]), redactor.hide(after.made["config"]))
    return ConfigDifference(lines=lines)


def _settings(
    stack: str, change: Checkout, base: Checkout | None, redactor: Redactor
) -> dict[str, Any]:
    if base is None:
        return {"settings": (), "settings_missing": NO_BASE}
    try:
        after = read_stack_file(stack, change.directory).configuration
    except _FAILURES as error:
        return {"settings": (), "settings_missing": redactor.hide(str(error))}
    try:
        before: Mapping[str, str] = read_stack_file(stack, base.directory).configuration
    except UnknownStack:
        before = {}  # a stack that the change adds
    except _FAILURES as error:
        return {"settings": (), "settings_missing": redactor.hide(str(error))}
    return {"settings": setting_changes(before, after, redactor.hide), "settings_missing": ""}


def _capacity(stack: str, change: Checkout, base: Checkout | None) -> Capacity:
    try:
        settings = settings_of(stack, read_stack_file(stack, change.directory))
    except _FAILURES as error:
        # Capacity is one of the rules that settings are held to.
        return Capacity(missing=str(error))
    before: Settings | None = None
    if base:
        try:
            before = settings_of(stack, read_stack_file(stack, base.directory))
        except _FAILURES:
            before = None  # read by the code of here, which may know other keys
    return Capacity(
        rooms=capacity_rooms(settings),
        before=capacity_rooms(before) if before else (),
        problems=tuple(capacity_problems(settings)),
    )


def _rules(change: Checkout, base: Checkout | None) -> tuple[Danger, ...]:
    if base is None:
        return ()
    directories = (base.directory, change.directory)
    return (*added_waivers(*directories), *changed_judges(*directories))


def redactor_for(stack: str, *checkouts: Checkout) -> Redactor:
    """Return a redactor that knows the job's secrets, and those left in clear in a stack's file."""
    directories = [one.directory for one in checkouts]
    supplied = (text for each in directories for text in supplied_in_clear(stack, each))
    return Redactor((*environment_secrets(), *supplied))
