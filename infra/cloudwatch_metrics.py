"""Every CloudWatch metric that alarms and the dashboard may use, with its dimensions. Pure.

A metric is AWS's own, one that the agent makes of the gateway's metrics, or one that a filter makes
of log lines. Whatever is none of these cannot be named: an alarm on it would wait for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pulumi

_BALANCER = ("LoadBalancer",)
_TARGETS = ("LoadBalancer", "TargetGroup")
_DEPLOYMENT = ("ClusterName", "Namespace", "PodName")
_CACHE_NODE = ("CacheClusterId",)
_DATABASE = ("DBInstanceIdentifier",)

AWS_METRICS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # docs.aws.amazon.com/elasticloadbalancing/latest/application/
    # load-balancer-cloudwatch-metrics.html
    "AWS/ApplicationELB": {
        "HTTPCode_ELB_5XX_Count": _BALANCER,
        "RequestCount": _BALANCER,
        "HTTPCode_Target_5XX_Count": _TARGETS,
        "HealthyHostCount": _TARGETS,
        "UnHealthyHostCount": _TARGETS,
        "TargetResponseTime": _TARGETS,
    },
    # docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
    "AWS/CertificateManager": {"DaysToExpiry": ("CertificateArn",)},
    # docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html: "calculated at the
    # cache node level"
    "AWS/ElastiCache": {
        "CurrConnections": _CACHE_NODE,
        "DatabaseMemoryUsagePercentage": _CACHE_NODE,
        "EngineCPUUtilization": _CACHE_NODE,
        "Evictions": _CACHE_NODE,
        "ReplicationLag": _CACHE_NODE,
    },
    # docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway-cloudwatch.html
    "AWS/NATGateway": {"ErrorPortAllocation": ("NatGatewayId",)},
    # docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
    "AWS/RDS": {
        "CPUUtilization": _DATABASE,
        "DatabaseConnections": _DATABASE,
        "FreeableMemory": _DATABASE,
        "FreeStorageSpace": _DATABASE,
        "ReplicaLag": _DATABASE,
    },
    # docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
    "AWS/S3": {"OperationsFailedReplication": ("SourceBucket", "DestinationBucket", "RuleId")},
    # github.com/aws/amazon-cloudwatch-agent,
    # translator/translate/otel/exporter/awsemf/kubernetes.go; PodName is the deployment's name.
    "ContainerInsights": {
        "pod_number_of_container_restarts": _DEPLOYMENT,
        "replicas_desired": _DEPLOYMENT,
        "replicas_ready": _DEPLOYMENT,
    },
}

Aggregation = Literal["sum", "min"]

# Of the gateway's metrics, those that the agent sends on, each as one metric of the whole stack
# whatever keys, teams and models there are: CloudWatch charges for every set of dimensions. How the
# pods' series become one follows from what they count.
GATEWAY_METRICS: Mapping[str, Aggregation] = {
    "litellm_callback_logging_failures_metric_total": "sum",
    "litellm_deployment_cooled_down_total": "sum",
    "litellm_deployment_failure_responses_total": "sum",
    "litellm_deployment_total_requests_total": "sum",
    "litellm_llm_api_time_to_first_token_metric": "sum",
    "litellm_overhead_latency_metric": "sum",
    "litellm_proxy_failed_requests_metric_total": "sum",
    "litellm_proxy_total_requests_metric_total": "sum",
    "litellm_remaining_team_budget_metric": "min",
    "litellm_request_total_latency_metric": "sum",
    "litellm_spend_metric_total": "sum",
}
# They arrive as count and sum, so their average is right and their percentiles are not known.
GATEWAY_HISTOGRAMS = frozenset(
    {
        "litellm_llm_api_time_to_first_token_metric",
        "litellm_overhead_latency_metric",
        "litellm_request_total_latency_metric",
    }
)
GATEWAY_DIMENSIONS = ("ClusterName",)

# What the filters of log_filters.py and audit_documents.py count.
ARCHIVE_ERRORS = "ArchiveErrors"
BUDGET_REFUSALS = "BudgetRefusals"
MASTER_KEY_READS = "MasterKeyReads"
OVERDUE_SECRETS = "OverdueSecrets"
LOG_METRICS = frozenset({ARCHIVE_ERRORS, BUDGET_REFUSALS, MASTER_KEY_READS, OVERDUE_SECRETS})

_OWN_NAMESPACE = "LiteLLM/"


def own_namespace(stack: str) -> str:
    """Return the namespace of a stack's own metrics; a filter's cannot be told by dimensions."""
    return f"{_OWN_NAMESPACE}{stack}"


def known_dimensions(namespace: str, name: str) -> tuple[str, ...]:
    """Return the dimensions of a metric; raise LookupError for one that nothing publishes."""
    if namespace.startswith(_OWN_NAMESPACE):
        if name in GATEWAY_METRICS:
            return GATEWAY_DIMENSIONS
        if name in LOG_METRICS:
            return ()
    elif name in AWS_METRICS.get(namespace, {}):
        return AWS_METRICS[namespace][name]
    raise LookupError(f"nothing publishes {name} in {namespace}")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric with the values of its dimensions; LookupError for one that does not exist."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = known_dimensions(self.namespace, self.name)
        if set(self.dimensions) != set(known):
            raise LookupError(
                f"{self.name} in {self.namespace} has the dimensions "
                f"{', '.join(known) or 'none'}, not {', '.join(self.dimensions) or 'none'}"
            )
