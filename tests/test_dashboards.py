"""The dashboards, as far as they can be checked without Grafana and without a gateway.

They are made with Grafana's own builders, which know its schema; what they show is seen in
tests/gateway/test_metrics_contract.py.
"""

import re
from itertools import combinations
from pathlib import Path

import pytest
from dashboard_files import FILES, expressions, filled_in, load, panels
from grafana_foundation_sdk.models.dashboard import Dashboard
from promql import problems, selectors

from dashboards.__main__ import ALL, FOLDER, text

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

every_dashboard = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_there_is_a_dashboard_for_each_audience() -> None:
    assert [file.stem for file in FILES] == ["model-comparison", "operations-finops", "team-view"]


@pytest.mark.parametrize("dashboard", ALL, ids=lambda dashboard: dashboard.uid)
def test_a_file_is_what_its_description_makes(dashboard: Dashboard) -> None:
    """Its name is the dashboard's uid, by which links find it."""
    file = FOLDER / f"{dashboard.uid}.json"
    assert file.read_text() == text(dashboard), "run python -m dashboards --write"


@every_dashboard
def test_grafana_reads_a_file_as_it_was_written(file: Path) -> None:
    assert text(Dashboard.from_json(load(file))) == file.read_text()


@every_dashboard
def test_panels_have_numbers_of_their_own(file: Path) -> None:
    numbers = [panel["id"] for panel in load(file)["panels"]]
    assert len(numbers) == len(set(numbers))


@every_dashboard
def test_panels_lie_on_the_grid_and_do_not_overlap(file: Path) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in load(file)["panels"]]
    for title, place in places:
        assert place["x"] >= 0 and place["x"] + place["w"] <= 24, title
    for (first, a), (second, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{first} and {second} overlap"


@every_dashboard
def test_every_panel_says_what_it_shows_and_in_which_unit(file: Path) -> None:
    for panel in panels(file):
        assert panel["description"], panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        overrides = panel["fieldConfig"]["overrides"]
        units = [item["id"] for override in overrides for item in override["properties"]]
        assert defaults.get("unit") or units.count("unit") == len(panel["targets"]), panel["title"]


@every_dashboard
def test_every_query_goes_to_the_chosen_data_source(file: Path) -> None:
    for panel in panels(file):
        assert panel["datasource"] == DATA_SOURCE, panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == DATA_SOURCE, panel["title"]


@every_dashboard
def test_data_source_environment_team_model_and_key_can_be_chosen(file: Path) -> None:
    variables = {item["name"]: item for item in load(file)["templating"]["list"]}
    assert list(variables) == ["datasource", "environment", "team", "model", "key"]
    assert variables["datasource"]["type"] == "datasource"
    for name in ("environment", "team", "model", "key"):
        assert variables[name]["datasource"] == DATA_SOURCE


def test_a_team_lead_sees_one_team_at_a_time() -> None:
    variables = {
        item["name"]: item for item in load(FOLDER / "team-view.json")["templating"]["list"]
    }
    assert variables["team"]["includeAll"] is False
    assert variables["team"]["multi"] is False


@every_dashboard
def test_the_dashboards_lead_to_each_other(file: Path) -> None:
    others = {f"/d/{other.stem}" for other in FILES if other != file}
    assert {link["url"] for link in load(file)["links"]} == others
    assert all(link["includeVars"] and link["keepTime"] for link in load(file)["links"])


@every_dashboard
def test_every_query_asks_for_metrics_and_labels_that_exist(file: Path) -> None:
    found = {
        (title, problem)
        for title, expression in expressions(file)
        for problem in problems(filled_in(expression))
    }
    assert not found


@every_dashboard
def test_every_variable_asks_for_metrics_and_labels_that_exist(file: Path) -> None:
    for item in load(file)["templating"]["list"]:
        if item["type"] == "query":
            metric, label = re.fullmatch(
                r"label_values\((.+), (\w+)\)", item["query"]["query"]
            ).groups()  # type: ignore[union-attr]
            selected = metric if "{" in metric else f"{metric}{{}}"
            assert problems(filled_in(f"sum by ({label}) ({selected})")) == []


@every_dashboard
def test_every_query_stays_within_the_chosen_environment(file: Path) -> None:
    for title, expression in expressions(file):
        for metric, labels in selectors(filled_in(expression)):
            assert "environment" in labels, f"{title}: {metric}"


@every_dashboard
def test_no_variable_of_grafana_is_misspelt(file: Path) -> None:
    for title, expression in expressions(file):
        assert "$" not in filled_in(expression), title
