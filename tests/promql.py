"""What the tests of dashboards and alert rules have to know about PromQL and the gateway."""

import json
from collections.abc import Iterator
from pathlib import Path

import promql_parser as promql
from rule_metrics import CLUSTER_METRICS, RECORDED_METRICS

from infra.model_tiers import MODEL_TIER

# The metrics of LiteLLM 1.106.2 with their labels, as PrometheusLogger registers them under the
# labels that config_templates/litellm_config.yaml.j2 excludes.
METRICS: dict[str, dict[str, str | list[str]]] = json.loads(
    (Path(__file__).parent / "gateway_metrics.json").read_text()
)
# Labels that Prometheus adds to everything it scrapes.
SCRAPED = frozenset({"environment", "instance", "job", "namespace", "pod"})
RECORDED = {MODEL_TIER: frozenset({"environment", "requested_model", "tier"})}


def selectors(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each metric of an expression with the labels it is selected by."""
    yield from _selectors(promql.parse(expression))


def selectors_as_text(expression: str) -> list[str]:
    """Return each selection of series that an expression makes, as PromQL."""
    nodes = _nodes(promql.parse(expression))
    return [str(node) for node in nodes if isinstance(node, promql.VectorSelector)]


def labels_of(metric: str) -> frozenset[str]:
    """Return the labels of a metric; KeyError for one that the gateway does not have."""
    if metric == "up":
        return SCRAPED
    if further := (CLUSTER_METRICS | RECORDED_METRICS).get(metric):
        return further
    if metric in RECORDED:
        return RECORDED[metric]
    for suffix in ("_bucket", "_sum", "_count"):
        base = metric.removesuffix(suffix)
        if base != metric and METRICS.get(base, {}).get("type") == "histogram":
            of_buckets = {"le"} if suffix == "_bucket" else set()
            return SCRAPED | frozenset(METRICS[base]["labels"]) | of_buckets
    if METRICS[metric]["type"] == "histogram":
        raise KeyError(metric)
    return SCRAPED | frozenset(METRICS[metric]["labels"])


def problems(expression: str) -> list[str]:
    """Return what is wrong with the metrics and labels of an expression."""
    try:
        parsed = promql.parse(expression)
    except ValueError as error:
        return [str(error)]
    found: list[str] = []
    for metric, labels in _selectors(parsed):
        try:
            unknown = sorted(labels - labels_of(metric))
        except KeyError:
            found.append(f"the gateway has no metric {metric}")
            continue
        found.extend(f"{metric} has no label {label}" for label in unknown)
    if not list(_selectors(parsed)):
        found.append("it selects no metric")
    if not found:
        found.extend(_unknown_groups(parsed))
    return found


def _unknown_groups(parsed: promql.Expr) -> Iterator[str]:
    """Yield the labels that something is grouped or matched by and that nothing in it has."""
    for node in _nodes(parsed):
        known = frozenset[str]().union(*(labels_of(metric) for metric, _ in _selectors(node)))
        if isinstance(node, promql.AggregateExpr) and node.modifier:
            asked = node.modifier.labels
        elif isinstance(node, promql.BinaryExpr) and node.modifier and node.modifier.matching:
            asked = [*node.modifier.matching.labels, *(node.modifier.group_labels or ())]
        else:
            continue
        yield from (f"nothing has the label {label}" for label in asked if label not in known)


def _selectors(parsed: promql.Expr) -> Iterator[tuple[str, frozenset[str]]]:
    for node in _nodes(parsed):
        if isinstance(node, promql.VectorSelector):
            name = node.name or ""
            yield name, frozenset(matcher.name for matcher in node.matchers.matchers)


def _nodes(parsed: promql.Expr) -> list[promql.Expr]:
    found: list[promql.Expr] = []
    promql.walk(parsed, found.append)
    return found
