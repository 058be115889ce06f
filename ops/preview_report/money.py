"""What a change costs: the estimates of both checkouts side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CENT = 0.005


@dataclass(frozen=True, kw_only=True)
class CostLine:
    """One resource of which the cost changes, in USD a month; None where it does not exist."""

    resource: str
    before: float | None
    after: float | None

    @property
    def delta(self) -> float:
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, kw_only=True)
class Money:
    """Cost a month in USD; ``before`` is None when there is nothing to compare with.

    ``unknown`` are resources that no rule prices, with the reason of each; ``missing`` says why a
    side is not known.
    """

    before: float | None
    after: float | None
    lines: tuple[CostLine, ...] = ()
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    note: str = ""

    @property
    def delta(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


def compare_costs(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, missing: tuple[str, ...]
) -> Money:
    """Return the comparison of two estimates as ``ops cost --json`` prints them."""
    lines: list[CostLine] = []
    if before and after:
        old, new = ({line["urn"]: line for line in one["lines"]} for one in (before, after))
        for urn in {**old, **new}:
            line = CostLine(
                resource=_label(new.get(urn) or old[urn]),
                before=old[urn]["monthly"] if urn in old else None,
                after=new[urn]["monthly"] if urn in new else None,
            )
            if abs(line.delta) > _CENT:
                lines.append(line)
    note = ""
    if before and after and before["price_date"] != after["price_date"]:
        note = f"Prices changed too: of {before['price_date']} and of {after['price_date']}."
    return Money(
        before=before["monthly_total"] if before else None,
        after=after["monthly_total"] if after else None,
        lines=tuple(sorted(lines, key=lambda line: (-abs(line.delta), line.resource))),
        unknown=tuple(
            f"{_label(entry)}: {entry['reason']}" for entry in (after or {}).get("unknown", ())
        ),
        missing=missing,
        note=note,
    )


def _label(resource: Mapping[str, str]) -> str:
    return f"{resource['type'].rpartition(':')[2]} {resource['name']}"
