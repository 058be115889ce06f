"""What the tests of dashboards and alert rules have to know about PromQL and the gateway."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from rule_metrics import CLUSTER_METRICS, RECORDED_METRICS

# The metrics of LiteLLM 1.106.2 with their labels, as PrometheusLogger registers them under the
# labels that config_templates/litellm_config.yaml.j2 excludes.
METRICS: dict[str, dict[str, str | list[str]]] = json.loads(
    (Path(__file__).parent / "gateway_metrics.json").read_text()
)
# Labels that Prometheus adds to everything it scrapes.
SCRAPED = frozenset({"environment", "instance", "job", "namespace", "pod"})

_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_MATCHER = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")


def selectors(expression: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each metric of an expression with the labels it is selected by."""
    for metric, matchers in _SELECTOR.findall(expression):
        yield metric, frozenset(_MATCHER.findall(matchers))


def grouping_labels(expression: str) -> set[str]:
    return {
        label.strip()
        for labels in _GROUPING.findall(expression)
        for label in labels.split(",")
        if label.strip()
    }


def labels_of(metric: str) -> frozenset[str]:
    """Return the labels of a metric; KeyError for one that the gateway does not have."""
    if metric == "up":
        return SCRAPED
    if further := (CLUSTER_METRICS | RECORDED_METRICS).get(metric):
        return further
    for suffix in ("_bucket", "_sum", "_count"):
        base = metric.removesuffix(suffix)
        if base != metric and METRICS.get(base, {}).get("type") == "histogram":
            return SCRAPED | frozenset(METRICS[base]["labels"]) | {"le"}
    return SCRAPED | frozenset(METRICS[metric]["labels"])


def problems(expression: str) -> list[str]:
    """Return what is wrong with the metrics and labels of an expression."""
    found: list[str] = []
    known: frozenset[str] = frozenset()
    for metric, labels in selectors(expression):
        try:
            of_metric = labels_of(metric)
        except KeyError:
            found.append(f"the gateway has no metric {metric}")
            continue
        known |= of_metric
        found.extend(f"{metric} has no label {label}" for label in sorted(labels - of_metric))
    if not known:
        found.append("it selects no metric by its labels")
    found.extend(
        f"nothing has the label {label}" for label in sorted(grouping_labels(expression) - known)
    )
    return found
