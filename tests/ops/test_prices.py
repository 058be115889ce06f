"""The price table and the table of creation times hold what they promise."""

from pathlib import Path

import pytest

from ops.cost.free import FREE
from ops.cost.prices import UnknownPrice, load_prices
from ops.cost.rules import RULES


def test_every_price_has_a_unit_a_day_and_an_address() -> None:
    for price in load_prices().prices.values():
        assert price.amount > 0, price.key
        assert price.unit, price.key
        assert price.source.startswith("https://"), price.key
        assert price.date <= load_prices().date, price.key


def test_every_unconfirmed_price_is_told_in_the_documents() -> None:
    told = Path("docs/not-confirmed.md").read_text()
    groups = {
        price.key.split(":")[0] for price in load_prices().prices.values() if not price.confirmed
    }
    assert [key for key in sorted(groups) if f"`{key}`" not in told] == []


def test_a_price_that_is_not_there_is_an_error() -> None:
    with pytest.raises(UnknownPrice, match=r"ec2\.instance:x1\.huge"):
        load_prices()["ec2.instance:x1.huge"]


def test_a_type_is_either_priced_or_free() -> None:
    assert set(RULES) & set(FREE) == set()


def test_a_price_needs_a_source(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(
        "{region: r, currency: USD, date: 2026-01-01, sources: {}, "
        "prices: {a: {unit: hour, source: nowhere, amount: 1}}}"
    )
    with pytest.raises(KeyError, match="nowhere"):
        load_prices(file)
