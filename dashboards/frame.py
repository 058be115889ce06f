"""What surrounds the panels of every dashboard: rows, variables, links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.panels import DATA_SOURCE, Panel
from dashboards.queries import CHOSEN_ENVIRONMENT, REQUESTS, of


@dataclass(frozen=True, kw_only=True)
class Section:
    """A row of a dashboard."""

    title: str
    panels: Sequence[Panel]


def dashboard(
    uid: str,
    title: str,
    description: str,
    sections: Sequence[Section],
    *,
    others: Mapping[str, str],
    since: str,
    one_team: bool = False,
) -> models.Dashboard:
    """Return a dashboard that leads to ``others`` (titles by uid) and keeps what was chosen."""
    made = (
        build.Dashboard(f"LiteLLM · {title}")
        .uid(uid)
        .description(description)
        .tags(["litellm"])
        .editable()
        .refresh("1m")
        .time(since, "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .version(1)
        .annotations([])
    )
    for variable in _variables(one_team):
        made.with_variable(variable)
    for other, name in others.items():
        made.link(
            build.DashboardLink(name)
            .type(models.DashboardLinkType.LINK)
            .url(f"/d/{other}")
            .icon("dashboard")
            .include_vars(True)
            .keep_time(True)
        )
    for section in sections:
        made.with_row(build.Row(section.title))
        for panel in section.panels:
            made.with_panel(panel)
    finished = made.build()
    for number, panel in enumerate(finished.panels or [], start=1):
        panel.id_val = number
    return finished


def _variables(one_team: bool) -> list[Builder[models.VariableModel]]:
    """Return the variables; each asks for the values that go with what was chosen before it."""
    of_environment = of(REQUESTS, CHOSEN_ENVIRONMENT)
    of_team = of(REQUESTS, f'{CHOSEN_ENVIRONMENT},team_alias=~"$team"')
    source = (
        build.DatasourceVariable("datasource")
        .label("Data source")
        .description("Prometheus that scrapes the gateway")
        .type("prometheus")
    )
    return [
        source,
        _choice("environment", "Environment of the gateway", "litellm_in_flight_requests"),
        _choice(
            "team",
            "Team of the virtual key; None has no team",
            of_environment,
            label="team_alias",
            several=not one_team,
        ),
        _choice(
            "model",
            "Model as callers name it",
            of_team,
            label="requested_model",
        ),
        _choice(
            "key",
            "Virtual key by its alias; None has no alias",
            of_team,
            label="api_key_alias",
        ),
    ]


def _choice(
    name: str, description: str, metric: str, *, label: str | None = None, several: bool = True
) -> Builder[models.VariableModel]:
    variable = (
        build.QueryVariable(name)
        .label(name.capitalize())
        .description(description)
        .datasource(DATA_SOURCE)
        .query({"query": f"label_values({metric}, {label or name})", "refId": name})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(several)
        .include_all(several)
    )
    if several:
        # Of environments there must be one: other things that Prometheus scrapes have none.
        variable.all_value(".+" if name == "environment" else ".*")
        variable.current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    return variable
