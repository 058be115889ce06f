"""The price table: ``prices.yaml``, checked when it is read."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("prices.yaml")
# What AWS's own calculator takes for a month.
HOURS_PER_MONTH = 730


class UnknownPrice(Exception):
    """The table has no such price."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """An amount for one unit, and where it was read.

    ``date`` is the day of the figure; ``confirmed`` says whether ``source`` was read here.
    """

    key: str
    amount: float
    unit: str
    source: str
    date: date
    confirmed: bool

    @property
    def monthly(self) -> float:
        """What one unit costs that is there the whole month; hours become a month."""
        return self.amount * HOURS_PER_MONTH if self.unit == "hour" else self.amount


@dataclass(frozen=True, kw_only=True)
class PriceTable:
    """Prices of one region by key; a group's members are ``group:member``."""

    region: str
    currency: str
    date: date
    prices: dict[str, Price]

    def __getitem__(self, key: str) -> Price:
        try:
            return self.prices[key]
        except KeyError:
            raise UnknownPrice(f"prices.yaml has no price for {key}") from None

    def first(self, *keys: str) -> Price:
        """Return the price of the first key that the table has."""
        for key in keys:
            if key in self.prices:
                return self.prices[key]
        return self[keys[-1]]

    def group(self, prefix: str) -> dict[str, Price]:
        """Return the members of a group by their names."""
        return {
            key.removeprefix(f"{prefix}:"): price
            for key, price in self.prices.items()
            if key.startswith(f"{prefix}:")
        }


@cache
def load_prices(file: Path = FILE) -> PriceTable:
    """Read the table; raise ValueError for an entry without unit, source or amount."""
    document = yaml.safe_load(file.read_text())
    prices: dict[str, Price] = {}
    for key, entry in document["prices"].items():
        for price in _read(key, entry, document["sources"]):
            prices[price.key] = price
    return PriceTable(
        region=document["region"],
        currency=document["currency"],
        date=document["date"],
        prices=prices,
    )


def _read(key: str, entry: dict[str, Any], sources: dict[str, Any]) -> list[Price]:
    if unknown := set(entry) - {"amount", "amounts", "unit", "source", "confirmed"}:
        raise ValueError(f"{key} has unknown fields {sorted(unknown)}")
    if ("amount" in entry) == ("amounts" in entry):
        raise ValueError(f"{key} needs either amount or amounts")
    source = sources[entry["source"]]
    amounts = {f"{key}:{member}": each for member, each in entry.get("amounts", {}).items()}
    if "amount" in entry:
        amounts[key] = entry["amount"]
    return [
        Price(
            key=full,
            amount=float(amount),
            unit=entry["unit"],
            source=source["url"],
            date=source["date"],
            confirmed=entry.get("confirmed", True),
        )
        for full, amount in amounts.items()
    ]
