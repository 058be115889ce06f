"""The runbooks of the alerts: one for each, and all that they name exists."""

import re
from typing import Any

import pytest
from promql import problems

from infra.alert_rules import AlertRulesContext, alerts_of, rule_groups
from infra.monitoring_values import GRAFANA_SERVICE
from infra.naming import NAMESPACE, PROJECT_ROOT, RELEASE

TEXT = (PROJECT_ROOT / "docs" / "runbooks" / "alerts.md").read_text()
ALERTS = {rule["alert"]: rule for rule in alerts_of(rule_groups(AlertRulesContext()))}
SECTIONS = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}
QUERIES = re.findall(r"```promql\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = re.findall(r"`(kubectl [^`]*)`", TEXT)
OBJECTS = {
    f"deployment/{RELEASE}",
    f"hpa/{RELEASE}",
    f"job/{RELEASE}-migration",
    f"service/{GRAFANA_SERVICE}",
}

every_alert = pytest.mark.parametrize("rule", ALERTS.values(), ids=lambda rule: rule["alert"])


@every_alert
def test_every_alert_leads_to_its_section(rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert page == "docs/runbooks/alerts.md"
    assert anchor == rule["alert"].lower()
    assert rule["alert"] in SECTIONS


def test_there_are_sections_of_alerts_alone_and_in_their_order() -> None:
    assert list(SECTIONS) == list(ALERTS)


@every_alert
def test_every_section_says_what_it_means_where_to_look_and_what_to_do(
    rule: dict[str, Any],
) -> None:
    section = SECTIONS[rule["alert"]]
    for part in ("**Meaning.**", "**First look.**", "**Fix.**"):
        assert len(section.split(part)[1].split("**")[0].strip()) > 20


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_asks_for_metrics_and_labels_that_exist(query: str) -> None:
    assert problems(query) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_what_the_stack_makes(command: str) -> None:
    named = set(re.findall(r"\b[a-z]+/[a-z-]+\b", command))
    assert named <= OBJECTS
    assert command == "kubectl apply --server-side" or re.match(
        rf"kubectl -n ({NAMESPACE}|monitoring) (get|describe|logs|top|port-forward) ", command
    )


def test_every_alert_that_is_named_in_a_section_exists() -> None:
    named = set(re.findall(r"\bsee (?:also )?([A-Z][a-z]+[A-Z]\w+)", TEXT, re.IGNORECASE))
    assert {one for one in named if one[0].isupper()} <= ALERTS.keys()
