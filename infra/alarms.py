"""CloudWatch alarms, made of specifications."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.alarm_specs import AlarmSpec
from infra.naming import Naming


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
