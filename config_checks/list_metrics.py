"""Prints every Prometheus metric of LiteLLM with its type and labels, as JSON; stands alone.

Run it with the Python of an environment that has ``litellm[proxy,proxy-runtime]``, with the labels
and the metrics that the configuration excludes::

    python config_checks/list_metrics.py client_ip,user_agent litellm_requests_metric
"""

import json
import os
import sys

# Prices come with the package; without this, the import asks GitHub for newer ones.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


def metrics(
    excluded_labels: list[str], excluded_metrics: list[str]
) -> dict[str, dict[str, object]]:
    """Return what is registered with Prometheus, under the names that a scrape shows."""
    import litellm

    litellm.prometheus_initialize_budget_metrics = True
    litellm.prometheus_exclude_labels = excluded_labels
    litellm.prometheus_exclude_metrics = excluded_metrics
    from litellm.integrations.prometheus import PrometheusLogger
    from litellm.proxy.middleware.in_flight_requests_middleware import InFlightRequestsMiddleware
    from prometheus_client import REGISTRY
    from prometheus_client.metrics import MetricWrapperBase

    PrometheusLogger()
    InFlightRequestsMiddleware._get_gauge()
    found = [
        item
        for item in REGISTRY._collector_to_names
        if isinstance(item, MetricWrapperBase) and item._name.startswith("litellm_")
    ]
    return {
        item._name + ("_total" if item._type == "counter" else ""): {
            "type": item._type,
            "labels": list(item._labelnames),
        }
        for item in sorted(found, key=lambda item: item._name)
    }


if __name__ == "__main__":
    print(json.dumps(metrics(*(argument.split(",") for argument in sys.argv[1:]))))
