"""An estimate as JSON and as a table."""

from collections.abc import Iterator
from typing import Any

import click

from ops.cost.estimate import EXCLUDED, Estimate
from ops.cost.lines import Item, Line
from sandbox.planned_resources import PlannedResource

_WIDTH = 44


def as_document(found: Estimate) -> dict[str, Any]:
    """Return what ``--json`` prints; amounts are USD a month, rounded to cents."""
    return {
        "stack": found.stack,
        "region": found.region,
        "currency": found.currency,
        "price_date": found.price_date.isoformat(),
        "monthly_total": round(found.monthly(), 2),
        "monthly_fixed": round(found.monthly("fixed"), 2),
        "monthly_usage": round(found.monthly("usage"), 2),
        "monthly_unconfirmed": round(found.unconfirmed, 2),
        "lines": [_line(line) for line in found.lines],
        "unknown": [{**_named(entry.resource), "reason": entry.reason} for entry in found.unknown],
        "free": [
            {"type": resource_type, "count": count, "reason": reason}
            for (resource_type, reason), count in _counted(found).items()
        ],
        "excluded": list(EXCLUDED),
        "usage": found.usage.model_dump(),
    }


def _named(resource: PlannedResource) -> dict[str, str]:
    return {"type": resource.type, "name": resource.name, "urn": resource.urn}


def _line(line: Line) -> dict[str, Any]:
    return {
        **_named(line.resource),
        "monthly": round(line.monthly(), 2),
        "fixed": round(line.monthly("fixed"), 2),
        "usage": round(line.monthly("usage"), 2),
        "items": [_item(item) for item in line.items],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "text": item.text,
        "part": item.part,
        "quantity": round(item.quantity, 4),
        "unit": item.price.unit,
        "unit_price": round(item.price.amount, 6),
        "monthly": round(item.monthly, 2),
        "price": item.price.key,
        "confirmed": item.price.confirmed,
        "source": item.price.source,
        "date": item.price.date.isoformat(),
    }


def _counted(found: Estimate) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for resource, reason in found.free:
        key = (resource.type, reason)
        counts[key] = counts.get(key, 0) + 1
    return counts


def as_table(found: Estimate) -> Iterator[str]:
    """Yield the lines of the table; click drops the colours where there is no terminal."""
    heading = f"{'':{_WIDTH}} {'fixed':>10} {'usage':>10} {'USD a month':>12}"
    yield click.style(heading, bold=True)
    for line in sorted(found.lines, key=lambda each: -each.monthly()):
        yield _row(_label(line.resource), line.monthly("fixed"), line.monthly("usage"))
        for item in line.items:
            if item.monthly and (len(line.items) > 1 or not item.price.confirmed):
                yield click.style(_detail(item), dim=True)
    total = _row(f"{found.stack}: total", found.monthly("fixed"), found.monthly("usage"))
    yield click.style(total, fg="green", bold=True)
    yield ""
    yield from _remarks(found)


def _label(resource: PlannedResource) -> str:
    return f"{resource.type.rpartition(':')[2]} {resource.name}"


def _row(text: str, fixed: float, usage: float) -> str:
    return f"{text:{_WIDTH}.{_WIDTH}} {fixed:10.2f} {usage:10.2f} {fixed + usage:12.2f}"


def _detail(item: Item) -> str:
    doubt = "" if item.price.confirmed else "  (price not confirmed)"
    amount = f"{item.quantity:,.4g} {item.price.unit} x {item.price.amount:g}"
    return f"    {item.text}: {amount} = {item.monthly:.2f}{doubt}"


def _remarks(found: Estimate) -> Iterator[str]:
    yield f"Prices of {found.region}, on demand, as of {found.price_date.isoformat()}."
    if found.unconfirmed:
        yield f"{found.unconfirmed:.2f} of the total stand on prices that are not confirmed."
    yield f"{len(found.free)} resources are free."
    for excluded in EXCLUDED:
        yield f"Not in it: {excluded}."
    assumed = found.usage.model_dump()
    yield "Assumed, and changed by --usage KEY=VALUE: " + ", ".join(
        f"{key}={value:g}" for key, value in assumed.items() if value is not None
    )
    for entry in found.unknown:
        text = f"unknown: {_label(entry.resource)} ({entry.reason})"
        yield click.style(text, fg="red", bold=True)
