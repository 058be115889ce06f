"""What the CloudWatch agent is told: an add-on's configuration values. Pure.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/install-CloudWatch-Observability-EKS-addon.html;
the values are those of its chart, github.com/aws-observability/helm-charts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.cloudwatch_metrics import GATEWAY_DIMENSIONS, GATEWAY_HISTOGRAMS, GATEWAY_METRICS
from infra.naming import NAMESPACE

AGENT_NAMESPACE = "amazon-cloudwatch"
SERVICE_ACCOUNT = "cloudwatch-agent"
_SERIES_OF_A_HISTOGRAM = ("bucket", "sum", "count")
# Apart from the pipelines that the agent makes by itself:
# docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPCloudWatchAgent.html
_OWN = "gateway"


def log_group(cluster: str, part: str) -> str:
    """Return the name of a log group of the agent.

    ``application``, ``dataplane`` and ``host`` are Fluent Bit's, ``performance`` is that of
    Container Insights, ``gateway`` ours.
    """
    return f"/aws/containerinsights/{cluster}/{part}"


@dataclass(frozen=True, kw_only=True)
class AgentContext:
    cluster: str
    region: str
    metric_namespace: str


def agent_configuration(context: AgentContext) -> str:
    """Return the add-on's configuration values, as JSON.

    Container logs, Container Insights charged by observation, and the gateway's metrics; no
    Application Signals, which ``agent.config`` leaves out.
    """
    return json.dumps(
        {
            "agent": {
                "config": {
                    "agent": {"region": context.region},
                    "logs": {
                        "metrics_collected": {
                            "kubernetes": {
                                "cluster_name": context.cluster,
                                "enhanced_container_insights": True,
                                "accelerated_compute_metrics": False,
                            }
                        }
                    },
                },
                "otelConfig": gateway_pipeline(context),
                # One on each node; the default of 250m is an eighth of a small one.
                "resources": {
                    "requests": {"cpu": "100m", "memory": "192Mi"},
                    "limits": {"cpu": "500m", "memory": "512Mi"},
                },
            },
            "containerLogs": {"enabled": True},
        }
    )


def gateway_pipeline(context: AgentContext) -> Mapping[str, Any]:
    """Return the OpenTelemetry configuration that sends the gateway's metrics to CloudWatch.

    Each agent asks the pods of its own node, in the network of the node: a pod always takes
    connections from there, so no network policy has to let the agent in, and no pod is counted
    twice. Counters and histograms become what was added in a minute, and the series of a pod one.
    """
    return {
        "receivers": {f"prometheus/{_OWN}": {"config": {"scrape_configs": [scrape(context)]}}},
        "processors": {
            f"cumulativetodelta/{_OWN}": {},
            f"metricstransform/{_OWN}": {
                "transforms": [_into_one(*item) for item in GATEWAY_METRICS.items()]
            },
        },
        "exporters": {
            f"awsemf/{_OWN}": {
                "region": context.region,
                "namespace": context.metric_namespace,
                "log_group_name": log_group(context.cluster, "gateway"),
                "log_stream_name": "${env:K8S_NODE_NAME}",
                "dimension_rollup_option": "NoDimensionRollup",
                "metric_declarations": [
                    {
                        "dimensions": [list(GATEWAY_DIMENSIONS)],
                        "metric_name_selectors": [f"^{name}$" for name in GATEWAY_METRICS],
                    }
                ],
            }
        },
        "service": {
            "pipelines": {
                f"metrics/{_OWN}": {
                    "receivers": [f"prometheus/{_OWN}"],
                    "processors": [f"cumulativetodelta/{_OWN}", f"metricstransform/{_OWN}"],
                    "exporters": [f"awsemf/{_OWN}"],
                }
            }
        },
    }


def scrape(context: AgentContext) -> Mapping[str, Any]:
    """Return the scrape configuration: the metrics port of the node's own gateway pods."""
    return {
        "job_name": _OWN,
        "scrape_interval": "60s",
        "metrics_path": "/metrics/",
        "kubernetes_sd_configs": [
            {
                "role": "pod",
                "namespaces": {"names": [NAMESPACE]},
                "selectors": [
                    {
                        "role": "pod",
                        "field": "spec.nodeName=${env:K8S_NODE_NAME}",
                        "label": "app.kubernetes.io/component=proxy",
                    }
                ],
            }
        ],
        "relabel_configs": [
            {
                "source_labels": ["__meta_kubernetes_pod_container_port_name"],
                "regex": "metrics",
                "action": "keep",
            },
            {"target_label": "ClusterName", "replacement": context.cluster},
        ],
        "metric_relabel_configs": [
            {"source_labels": ["__name__"], "regex": "|".join(_series()), "action": "keep"},
            # What the proxy refuses itself it counts as a failed call to no deployment.
            _without(
                "litellm_deployment_(failure_responses|total_requests)_total", "model_id", "(None)?"
            ),
            # A quota that is used up for a moment is no outage.
            _without("litellm_deployment_cooled_down_total", "exception_status", "429"),
        ],
    }


def _without(metrics: str, label: str, values: str) -> Mapping[str, Any]:
    labels = ["__name__", label]
    return {"source_labels": labels, "regex": f"{metrics};{values}", "action": "drop"}


def _series() -> list[str]:
    return [
        f"{name}_({'|'.join(_SERIES_OF_A_HISTOGRAM)})" if name in GATEWAY_HISTOGRAMS else name
        for name in GATEWAY_METRICS
    ]


def _into_one(name: str, aggregation: str) -> Mapping[str, Any]:
    operation = {
        "action": "aggregate_labels",
        "label_set": list(GATEWAY_DIMENSIONS),
        "aggregation_type": aggregation,
    }
    return {"include": name, "action": "update", "operations": [operation]}
