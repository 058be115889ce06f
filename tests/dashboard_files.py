"""The dashboards as they are delivered, and their queries as Prometheus is asked them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dashboards.__main__ import FOLDER

FILES = sorted(FOLDER.glob("*.json"))

# What Grafana puts in place of its own variables and of those of the dashboards.
EVERYTHING = {
    "$__rate_interval": "5m",
    "$__range_s": "86400",
    "$__range": "1d",
    "$environment": ".+",
    "$team": ".*",
    "$model": ".*",
    "$key": ".*",
}


def load(file: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(file.read_text())
    return dashboard


def panels(file: Path) -> list[dict[str, Any]]:
    return [panel for panel in load(file)["panels"] if panel["type"] != "row"]


def expressions(file: Path) -> Iterator[tuple[str, str]]:
    """Yield each query of a dashboard after the title of its panel."""
    for panel in panels(file):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def filled_in(expression: str, variables: Mapping[str, str] = EVERYTHING) -> str:
    for variable, value in variables.items():
        expression = expression.replace(variable, value)
    return expression
