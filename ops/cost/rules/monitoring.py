"""CloudWatch, SNS, Athena."""

from collections.abc import Iterator
from typing import Any

from ops.cost.lines import CannotPrice, Costs, Item, known
from ops.cost.usage import DAYS_PER_MONTH
from sandbox.planned_resources import PlannedResource, Unknown

# CloudWatch stores logs compressed and bills what it stores: aws.amazon.com/cloudwatch/pricing
# counts 0.15 bytes for each byte that came in.
_STORED_SHARE = 0.15


def _log_group(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    usage = costs.usage
    name = str(resource.inputs.get("name", ""))
    of_control_plane = name.startswith("/aws/eks/") and name.endswith("/cluster")
    gigabytes = usage.control_plane_log_gib if of_control_plane else usage.log_group_gib
    yield costs.used("logs taken in", "cloudwatch.logs.ingested", gigabytes)
    days = known(resource, "retentionInDays", default=0)
    months = min(
        days / DAYS_PER_MONTH if days else usage.months_in_service, usage.months_in_service
    )
    yield costs.used("logs kept", "cloudwatch.logs.stored", gigabytes * months * _STORED_SHARE)


def _flow_log(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    """Into a log group they are that group's; into a bucket they are billed by themselves."""
    if known(resource, "logDestinationType", default="cloud-watch-logs") == "s3":
        yield costs.used(
            "flow logs to S3", "cloudwatch.logs.vended-to-s3", costs.usage.log_group_gib
        )


def _alarm(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    queries: Any = resource.inputs.get("metricQueries") or []
    if isinstance(queries, Unknown):
        raise CannotPrice("metricQueries are not known in a preview")
    # An alarm on an expression is billed for every metric that it reads.
    metrics = sum(isinstance(query, dict) and bool(query.get("metric")) for query in queries) or 1
    if resource.inputs.get("thresholdMetricId"):
        yield costs.fixed("anomaly alarm", "cloudwatch.alarm.anomaly")
        return
    yield costs.fixed("alarm, by its metrics", "cloudwatch.alarm", metrics)


def _composite_alarm(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("composite alarm", "cloudwatch.alarm.composite")


def _dashboard(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("dashboard", "cloudwatch.dashboard")


def _metric_filter(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    dimensions = known(resource, "metricTransformation", default={}).get("dimensions")
    metrics = costs.usage.agent_metrics if dimensions else 1
    yield costs.fixed("custom metrics from logs", "cloudwatch.metric", metrics)


def _topic(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    topics = len(costs.plan.of_type(resource.type))
    mails = costs.usage.notifications_per_month / topics
    yield costs.used("mails, an equal share", "sns.emails", mails / 100_000)


def _workgroup(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.used("data that queries scan", "athena.scanned", costs.usage.athena_terabytes)


RULES = {
    "aws:athena/workgroup:Workgroup": _workgroup,
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": _composite_alarm,
    "aws:cloudwatch/dashboard:Dashboard": _dashboard,
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _metric_filter,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:sns/topic:Topic": _topic,
}
