"""Panels as this project wants them, made with Grafana's own builders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    prometheus,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

DATA_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
USD, SECONDS, SHARE, COUNT = "currencyUSD", "s", "percentunit", "short"
REQUESTS_PER_SECOND = "reqps"
_NAME_WIDTH, _COLUMN_WIDTH = 180, 80  # pixels
_LETTERS = "ABCDEFGHIJKLMNOP"

# From which value on which colour.
Steps = Sequence[tuple[float | None, str]]
PLAIN: Steps = ((None, "green"),)
LITTLE_IS_BAD: Steps = ((None, "red"), (0.1, "orange"), (0.25, "green"))
MUCH_IS_BAD: Steps = ((None, "green"), (0.01, "orange"), (0.05, "red"))

Panel = Builder[models.Panel]
AnyPanel = TypeVar("AnyPanel", bound=Any)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: what it is called, its unit and where it comes from."""

    title: str
    unit: str
    query: str


def single(
    title: str,
    description: str,
    query: str,
    *,
    unit: str,
    steps: Steps = PLAIN,
    span: int = 4,
    no_value: str = "-",
    period: str | None = None,
) -> Panel:
    """Return a figure; ``period`` takes the place of the time that is looked at.

    Grafana knows now/d as today so far and now/M as this month (rangeUtil of @grafana/data).
    """
    panel = (
        _panel(stat.Panel(), title, description, span, 4)
        .unit(unit)
        .thresholds(_thresholds(steps))
        .no_value(no_value)
        .color_mode(common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.NONE)
        .reduce_options(_last())
        .with_target(_query(query).instant())
    )
    return panel.time_from(period) if period else panel


def lines(
    title: str,
    description: str,
    queries: Mapping[str, str],
    *,
    unit: str,
    stacked: bool = False,
    span: int = 12,
    most: float | None = None,
) -> Panel:
    """Return figures over time, from queries by the legends of their series."""
    panel = (
        _panel(timeseries.Panel(), title, description, span, 8)
        .unit(unit)
        .min(0)
        .thresholds(_thresholds(PLAIN))
        .draw_style(common_models.GraphDrawStyle.LINE)
        .line_width(1)
        .fill_opacity(30 if stacked else 8)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.TABLE)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["mean", "max"])
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )
    if stacked:
        panel.stacking(common.StackingConfig().group("A").mode(common_models.StackingMode.NORMAL))
    if most is not None:
        panel.max(most)
    for letter, (legend, query) in zip(_LETTERS, queries.items(), strict=False):
        panel.with_target(_query(query, letter).range().legend_format(legend))
    return panel


def bars(
    title: str,
    description: str,
    query: str,
    legend: str,
    *,
    unit: str,
    steps: Steps = PLAIN,
    most: float | None = None,
    span: int = 8,
    no_value: str = "-",
    names: Mapping[str, str] | None = None,
) -> Panel:
    """Return figures of this moment side by side; ``names`` are shown in place of values."""
    panel = (
        _panel(bargauge.Panel(), title, description, span, 8)
        .unit(unit)
        .min(0)
        .thresholds(_thresholds(steps))
        .no_value(no_value)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .name_placement(common_models.BarGaugeNamePlacement.LEFT)
        .value_mode(common_models.BarGaugeValueMode.COLOR)
        .show_unfilled(True)
        .reduce_options(_last())
        .with_target(_query(query).instant().legend_format(legend))
    )
    if most is not None:
        panel.max(most)
    if names:
        shown = {value: models.ValueMappingResult(text=name) for value, name in names.items()}
        panel.mappings([models.ValueMap(options=shown)])
    return panel


def rows(
    title: str,
    description: str,
    first: tuple[str, str],
    columns: Sequence[Column],
    *,
    span: int = 24,
) -> Panel:
    """Return a table with a row for each value of a label, which is ``first`` with its title."""
    label, label_title = first
    panel = (
        _panel(table.Panel(), title, description, span, 8)
        .thresholds(_thresholds(PLAIN))
        .no_value("-")
        .filterable(True)
        .min_width(_COLUMN_WIDTH)
        .show_header(True)
        .cell_height(common_models.TableCellHeight.SM)
        .sort_by([common.TableSortByFieldState().display_name(columns[0].title).desc(True)])
    )
    width = models.DynamicConfigValue(id_val="custom.width", value=_NAME_WIDTH)
    panel.override_by_name(label_title, [width])
    names = {label: label_title}
    for letter, column in zip(_LETTERS, columns, strict=False):
        names[f"Value #{letter}"] = column.title
        panel.with_target(_query(column.query, letter).instant().format(PromQueryFormat.TABLE))
        panel.override_by_name(
            column.title, [models.DynamicConfigValue(id_val="unit", value=column.unit)]
        )
    panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    return panel.with_transformation(
        models.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: place for place, name in enumerate(names)},
                "renameByName": names,
            },
        )
    )


def _panel(panel: AnyPanel, title: str, description: str, span: int, height: int) -> AnyPanel:
    placed: AnyPanel = (
        panel.title(title)
        .description(description)
        .datasource(DATA_SOURCE)
        .span(span)
        .height(height)
    )
    return placed


def _query(expression: str, letter: str = "A") -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(expression)
        .ref_id(letter)
        .datasource(DATA_SOURCE)
        .editor_mode(QueryEditorMode.CODE)
    )


def _thresholds(steps: Steps) -> build.ThresholdsConfig:
    return (
        build.ThresholdsConfig()
        .mode(models.ThresholdsMode.ABSOLUTE)
        .steps([models.Threshold(value=value, color=colour) for value, colour in steps])
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
