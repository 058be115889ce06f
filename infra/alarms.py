"""CloudWatch alarms: one as data, and the component that makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cloudwatch_metrics import Metric
from infra.naming import Naming

FIVE_MINUTES = 300
ABOVE, AT_LEAST = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
BELOW = "LessThanThreshold"


class Silence(StrEnum):
    """What a metric without data says (TreatMissingData)."""

    HEALTHY = "notBreaching"
    """It is published only when there is something to count, or its publisher is watched too."""
    FAILURE = "breaching"
    """It is always published while the thing that it measures is there."""
    NOTHING = "ignore"
    """A gap is AWS's own, and what vanishes for good shows by another alarm: the state stays."""


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm as data.

    ``metrics`` has one metric, or several by id that ``expression`` computes with. ``periods`` of
    ``period`` seconds, one after the other, have to breach.
    """

    name: str
    description: str
    metrics: Mapping[str, Metric]
    threshold: float
    statistic: str = "Sum"
    comparison: str = AT_LEAST
    silence: Silence = Silence.HEALTHY
    period: int = FIVE_MINUTES
    periods: int = 1
    expression: str | None = None


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    naming: Naming
    specs: Sequence[AlarmSpec]
    receivers: Sequence[pulumi.Input[str]] = field(default_factory=tuple)
    """ARNs of the topics that are told of an alarm, and of its end."""


class Alarms(pulumi.ComponentResource):
    """One CloudWatch alarm for each specification."""

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:alarms:Alarms", name, None, opts)
        for spec in args.specs:
            aws.cloudwatch.MetricAlarm(
                spec.name,
                name=args.naming.named(spec.name),
                alarm_description=spec.description,
                alarm_actions=list(args.receivers),
                ok_actions=list(args.receivers),
                comparison_operator=spec.comparison,
                threshold=spec.threshold,
                evaluation_periods=spec.periods,
                datapoints_to_alarm=spec.periods,
                treat_missing_data=spec.silence.value,
                opts=pulumi.ResourceOptions(parent=self),
                **_measured(spec),
            )
        self.register_outputs({})


def _measured(spec: AlarmSpec) -> dict[str, Any]:
    """Return what the alarm measures: one metric, or a query that computes with several."""
    if spec.expression is None:
        (metric,) = spec.metrics.values()
        percentile = spec.statistic.startswith("p")
        return {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "dimensions": dict(metric.dimensions),
            "period": spec.period,
            "extended_statistic" if percentile else "statistic": spec.statistic,
            # The slowest of a handful of requests is no percentile.
            **({"evaluate_low_sample_count_percentiles": "ignore"} if percentile else {}),
        }
    parts = [
        {
            "id": identifier,
            "metric": {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "dimensions": dict(metric.dimensions),
                "period": spec.period,
                "stat": spec.statistic,
            },
        }
        for identifier, metric in spec.metrics.items()
    ]
    result = {
        "id": "result",
        "expression": spec.expression,
        "label": spec.name,
        "return_data": True,
    }
    return {"metric_queries": [*parts, result]}
