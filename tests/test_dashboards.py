"""The dashboards, as far as they can be checked without Grafana."""

import json
import re
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from promql import problems, selectors

from sandbox import toolchain

FOLDER = Path(__file__).resolve().parent.parent / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

# What Grafana puts in place of its own variables.
VARIABLES = {
    "$__rate_interval": "5m",
    "$__range": "1d",
    "$namespace": "litellm",
    "$team": "Engineering",
    "$model": "claude-haiku-4-5",
}

every_dashboard = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def load(file: Path) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads(file.read_text())
    return dashboard


def panels(file: Path) -> list[dict[str, Any]]:
    return [panel for panel in load(file)["panels"] if panel["type"] != "row"]


def expressions(file: Path) -> Iterator[tuple[str, str]]:
    for panel in panels(file):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def filled_in(expression: str) -> str:
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def test_there_is_a_dashboard_for_each_audience() -> None:
    assert [file.stem for file in FILES] == ["model-comparison", "operations-finops", "team-view"]


@every_dashboard
def test_the_uid_is_the_file_name(file: Path) -> None:
    assert load(file)["uid"] == file.stem


@every_dashboard
def test_no_number_of_an_instance_is_kept(file: Path) -> None:
    assert load(file)["id"] is None


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
        assert defaults.get("unit") or units.count("unit") == len(overrides), panel["title"]
        assert defaults["thresholds"]["steps"][0]["value"] is None, panel["title"]


@every_dashboard
def test_every_query_goes_to_the_chosen_data_source(file: Path) -> None:
    for panel in panels(file):
        assert panel["datasource"] == DATA_SOURCE, panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == DATA_SOURCE, panel["title"]


@every_dashboard
def test_data_source_namespace_team_and_model_can_be_chosen(file: Path) -> None:
    variables = {item["name"]: item for item in load(file)["templating"]["list"]}
    assert list(variables) == ["datasource", "namespace", "team", "model"]
    assert variables["datasource"]["type"] == "datasource"
    for name in ("namespace", "team", "model"):
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
                r"label_values\((.+), (\w+)\)", item["definition"]
            ).groups()  # type: ignore[union-attr]
            selected = metric if "{" in metric else f"{metric}{{}}"
            assert problems(filled_in(f"sum by ({label}) ({selected})")) == []


@every_dashboard
def test_every_query_stays_within_the_chosen_namespace(file: Path) -> None:
    for title, expression in expressions(file):
        for metric, labels in selectors(expression):
            assert "namespace" in labels, f"{title}: {metric}"


@every_dashboard
def test_no_variable_of_grafana_is_misspelt(file: Path) -> None:
    for title, expression in expressions(file):
        assert "$" not in filled_in(expression), title


@every_dashboard
def test_prometheus_understands_every_query(file: Path, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": filled_in(expression)}
        for number, (_, expression) in enumerate(expressions(file))
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool = toolchain.ensure(["promtool"])["promtool"]
    done = subprocess.run(
        [promtool, "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
