"""What dashboards, rules and alarms ask for, asked of a Prometheus that scrapes the pinned proxy.

One run for all: production's configuration with mocked models, traffic of every kind, and then
every query. It fails when a version of LiteLLM no longer has what something here is built on.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import metered_gateway
import pytest
import yaml
from dashboard_files import EVERYTHING, FILES, expressions, filled_in, load
from gateway_traffic import Traffic
from metered_gateway import ENVIRONMENT, EXTRA_MODELS, MeteredGateway
from promql import METRICS, SCRAPED, selectors_as_text

from infra.alert_rules import AlertRulesContext, render_alert_rules
from infra.cloudwatch_metrics import GATEWAY_HISTOGRAMS, GATEWAY_METRICS
from infra.model_tiers import model_tier_rules
from infra.telemetry_agent import AgentContext, scrape

# What shows nothing in this run, with the reason why it cannot: (dashboard, panel) or (rule,).
_CLUSTER = "kube-state-metrics is not among the sandbox's programs"
WITHOUT_DATA: dict[tuple[str, ...], str] = {
    ("AutoscalerAtMaximum",): _CLUSTER,
    ("MigrationFailed",): _CLUSTER,
    ("PodOutOfMemory",): _CLUSTER,
    ("PodRestarts",): _CLUSTER,
    ("PodsNotReady",): _CLUSTER,
    ("GatewayBudgetNearlyExhausted",): "LiteLLM tells of the gateway's own budget when it refreshes"
    " budgets, every five minutes (PROMETHEUS_BUDGET_METRICS_REFRESH_INTERVAL_MINUTES)",
    ("SpendUnusual",): "it compares with an hour ago, before the run",
}

WAVES = 3
# The whole run, however long this machine takes for it.
WHOLE_RUN = {**EVERYTHING, "$__rate_interval": "30m", "$__range": "30m", "$__range_s": "1800"}
QUERIES = [
    pytest.param(file.stem, title, filled_in(query, WHOLE_RUN), id=f"{file.stem}: {title} {number}")
    for file in FILES
    for number, (title, query) in enumerate(expressions(file))
]
GATEWAY = yaml.safe_load(metered_gateway.CONFIG.read_text())
TIERS = {
    model["model_name"]: "$" * model["model_info"]["cost_tier"] for model in GATEWAY["model_list"]
}
GROUPS = [
    *yaml.safe_load(render_alert_rules(AlertRulesContext(namespace="litellm")))["groups"],
    model_tier_rules(TIERS, ENVIRONMENT),
]
RULES = [rule for group in GROUPS[:-1] for rule in group["rules"]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeteredGateway]:
    """A gateway on which everything has happened that the metrics tell of."""
    folder = tmp_path_factory.mktemp("gateway")
    with metered_gateway.running(folder, yaml.safe_dump({"groups": GROUPS})) as running:
        traffic = Traffic(running.proxy, list(TIERS), list(EXTRA_MODELS))
        traffic.introduce_everybody()
        for _ in range(WAVES):
            traffic.wave()
            moment = running.wait_for_a_scrape()
        assert traffic.statuses >= {200, 403, 422, 429, 500}
        yield replace(running, moment=moment)


def has_data(samples: list[dict[str, Any]]) -> bool:
    """Say whether there is a number among the samples."""
    return any(sample["value"][1] not in ("NaN", "+Inf", "-Inf") for sample in samples)


@pytest.mark.parametrize(("dashboard", "panel", "query"), QUERIES)
def test_a_panel_shows_something(
    gateway: MeteredGateway, dashboard: str, panel: str, query: str
) -> None:
    assert has_data(gateway.query(query)) == ((dashboard, panel) not in WITHOUT_DATA), query


def test_what_is_listed_as_without_data_exists() -> None:
    panels = {(file.stem, title) for file in FILES for title, _ in expressions(file)}
    assert WITHOUT_DATA.keys() <= panels | {(rule.get("alert", ""),) for rule in RULES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_variable_has_values_to_choose_from(gateway: MeteredGateway, file: Path) -> None:
    for variable in load(file)["templating"]["list"]:
        if variable["type"] != "query":
            continue
        query = filled_in(variable["query"]["query"], EVERYTHING)
        asked = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        assert asked, query
        assert gateway.ask(f"label/{asked[2]}/values", **{"match[]": asked[1]}), query


def test_every_rule_is_evaluated_without_an_error(gateway: MeteredGateway) -> None:
    rules = [rule for group in gateway.ask("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == sum(len(group["rules"]) for group in GROUPS)
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_looks_at_series_that_exist(gateway: MeteredGateway, rule: dict[str, Any]) -> None:
    name = rule.get("alert") or rule["record"]
    found = [gateway.query(selector) for selector in selectors_as_text(rule["expr"])]
    assert all(found) == ((name,) not in WITHOUT_DATA), rule["expr"]


def test_series_have_the_labels_that_are_listed(gateway: MeteredGateway) -> None:
    """The quick tests of queries go by gateway_metrics.json."""
    listed = {
        f"{name}_count" if metric["type"] == "histogram" else name: set(metric["labels"])
        for name, metric in METRICS.items()
    }
    # In a process of their own, metrics say which process a gauge comes from.
    added = SCRAPED | {"__name__", "pid"}
    for series in gateway.ask("series", **{"match[]": '{__name__=~"litellm_.+"}'}):
        name = series["__name__"]
        if name in listed:
            # Prometheus leaves out labels without a value.
            assert series.keys() - added <= listed[name], name


@pytest.mark.parametrize("name", GATEWAY_METRICS)
def test_the_agent_finds_what_it_sends_to_cloudwatch(gateway: MeteredGateway, name: str) -> None:
    context = AgentContext(cluster="c", region="us-east-1", metric_namespace="LiteLLM/c")
    kept, *_ = scrape(context)["metric_relabel_configs"]
    series = [f"{name}_{part}" for part in ("bucket", "sum", "count")]
    for one in series if name in GATEWAY_HISTOGRAMS else [name]:
        assert re.fullmatch(kept["regex"], one)
        assert gateway.query(one)
