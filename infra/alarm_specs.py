"""What alarms watch, from which figure on they tell, and what silence means. Pure."""

from collections.abc import Iterator
from typing import Any

from infra import cloudwatch_metrics as metrics
from infra.alarms import ABOVE, BELOW, FIVE_MINUTES, AlarmSpec, Silence
from infra.cloudwatch_metrics import Metric
from infra.monitored import Monitored
from infra.setting_sections import AlarmThresholds

_MINUTE, _DAY = 60, 86400
_GIB = 1024**3


def alarm_specs(watched: Monitored, thresholds: AlarmThresholds) -> list[AlarmSpec]:
    """Return the alarms of a stack. What it lacks (a certificate, replicas, …) has no alarm."""
    return [
        *_balancer(watched, thresholds),
        *_pods(watched, thresholds),
        *_gateway(watched, thresholds),
        *_database(watched, thresholds),
        *_cache(watched, thresholds),
        *_surroundings(watched, thresholds),
    ]


def _one(metric: Metric, **more: Any) -> AlarmSpec:
    return AlarmSpec(metrics={"value": metric}, **more)


def _balancer(watched: Monitored, thresholds: AlarmThresholds) -> Iterator[AlarmSpec]:
    yield _one(
        watched.balancer("HTTPCode_ELB_5XX_Count"),
        name="load-balancer-errors",
        description="The load balancer answers with 5xx by itself: no healthy pod, or time-outs.",
        threshold=thresholds.load_balancer_errors,
    )
    yield _one(
        watched.targets("HTTPCode_Target_5XX_Count"),
        name="gateway-errors",
        description="Pods answer with 5xx. Compare with the alarm on provider errors.",
        threshold=thresholds.gateway_errors,
    )
    yield _one(
        watched.targets("TargetResponseTime"),
        name="slow-answers",
        description="One answer in ten begins late. A streamed one begins with its headers.",
        # A 99th percentile would be judged from 1,000 requests on (infra/alarms.py), and a small
        # gateway has fewer: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/
        # percentiles-with-low-samples.html
        statistic="p90",
        threshold=thresholds.latency_seconds,
        comparison=ABOVE,
        periods=3,
    )
    yield _one(
        watched.targets("UnHealthyHostCount"),
        name="unhealthy-targets",
        description="A pod has failed its health checks for ten minutes.",
        statistic="Maximum",
        threshold=1,
        # Without any target, no-healthy-target tells.
        silence=Silence.HEALTHY,
        period=_MINUTE,
        periods=10,
    )
    yield _one(
        watched.targets("HealthyHostCount"),
        name="no-healthy-target",
        description="No pod takes requests: the gateway is down.",
        statistic="Maximum",
        threshold=1,
        comparison=BELOW,
        # "Reported if there are registered targets."
        silence=Silence.FAILURE,
        period=_MINUTE,
        periods=3,
    )


def _pods(watched: Monitored, thresholds: AlarmThresholds) -> Iterator[AlarmSpec]:
    yield _one(
        watched.deployment("replicas_ready"),
        name="too-few-pods-ready",
        description="For ten minutes fewer pods are ready than the stack asks for, or the agent "
        "that counts them is gone.",
        statistic="Minimum",
        threshold=watched.replicas,
        comparison=BELOW,
        silence=Silence.FAILURE,
        period=_MINUTE,
        periods=10,
    )
    yield _one(
        watched.deployment("pod_number_of_container_restarts"),
        name="pod-restarts",
        description="Containers of the gateway restart: look for OOMKilled and the last log lines.",
        threshold=thresholds.pod_restarts,
        # The agent's silence is told by too-few-pods-ready.
        silence=Silence.HEALTHY,
        period=3 * FIVE_MINUTES,
    )


def _gateway(watched: Monitored, thresholds: AlarmThresholds) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        name="provider-errors",
        description="Calls to providers fail. Fallbacks may still answer; look at the providers' "
        "status and quotas. Refused credentials are told by provider-outage.",
        metrics={
            "failed": watched.gateway("litellm_deployment_failure_responses_total"),
            "calls": watched.gateway("litellm_deployment_total_requests_total"),
        },
        expression=f"IF(calls >= {thresholds.provider_minimum_calls}, 100 * failed / calls, 0)",
        threshold=thresholds.provider_error_percent,
        comparison=ABOVE,
        periods=2,
    )
    # Not litellm_deployment_state, whose 2 for an outage stays until the pod ends.
    yield _one(
        watched.gateway("litellm_deployment_cooled_down_total"),
        name="provider-outage",
        description="Deployments of models fail as soon as they are tried again, or a provider "
        "refuses their credentials, and the router takes them out each time; the metrics of a pod "
        "say which. A model's only deployment is taken out for its credentials alone: its other "
        "failures are told by provider-errors.",
        threshold=thresholds.deployment_cooldowns,
        periods=2,
    )
    yield _one(
        watched.gateway("litellm_spend_metric_total"),
        name="daily-spend",
        description="All teams together have spent more in a day than is expected.",
        threshold=thresholds.daily_spend_usd,
        comparison=ABOVE,
        period=_DAY,
    )
    yield _one(
        watched.gateway("litellm_remaining_team_budget_metric"),
        name="team-budget",
        description="A team has nearly used up its budget; the dashboard of teams shows which.",
        statistic="Minimum",
        threshold=thresholds.remaining_team_budget_usd,
        comparison=BELOW,
        # Teams without a budget have none left to tell.
        silence=Silence.HEALTHY,
        period=3 * FIVE_MINUTES,
    )
    yield _one(
        watched.log_metric(metrics.BUDGET_REFUSALS),
        name="budget-refusals",
        description="Requests are refused because a key, user or team has used up its budget.",
        threshold=1,
    )
    yield _one(
        watched.gateway("litellm_callback_logging_failures_metric_total"),
        name="log-delivery",
        description="Request logs do not reach the bucket and wait in the memory of pods. Look at "
        "the bucket, its key and the role of the pods.",
        threshold=1,
    )
    yield _one(
        watched.log_metric(metrics.ARCHIVE_ERRORS),
        name="archive",
        description="A job that archives spend rows or copies request logs has failed. It deletes "
        "nothing that is not archived, and takes up its work at the next run.",
        threshold=1,
    )


def _database(watched: Monitored, thresholds: AlarmThresholds) -> Iterator[AlarmSpec]:
    yield _one(
        watched.database("CPUUtilization"),
        name="database-cpu",
        description="The database is busy, or it is gone.",
        statistic="Average",
        threshold=thresholds.database_cpu_percent,
        comparison=ABOVE,
        silence=Silence.FAILURE,
        periods=3,
    )
    share = thresholds.database_connection_percent / 100
    yield _one(
        watched.database("DatabaseConnections"),
        name="database-connections",
        description=f"More than {thresholds.database_connection_percent} % of the "
        f"{watched.maximum_connections} connections that the database's class allows are in use.",
        statistic="Maximum",
        threshold=int(watched.maximum_connections * share),
        comparison=ABOVE,
        silence=Silence.NOTHING,
        periods=2,
    )
    free = thresholds.database_free_storage_percent / 100
    yield _one(
        watched.database("FreeStorageSpace"),
        name="database-storage",
        description="Storage runs out: autoscaling should have acted, and has reached its maximum "
        "or rests for six hours.",
        statistic="Minimum",
        threshold=int(watched.database_storage_gib * free * _GIB),
        comparison=BELOW,
        silence=Silence.NOTHING,
    )
    for index, replica in enumerate(watched.database_replicas, start=1):
        yield _one(
            watched.database("ReplicaLag", replica),
            name=f"database-replica-{index}-lag",
            description="A replica of the database is behind.",
            statistic="Maximum",
            threshold=thresholds.replica_lag_seconds,
            comparison=ABOVE,
            # A replica that does not replicate publishes -1 or nothing.
            silence=Silence.FAILURE,
            periods=2,
        )


def _cache(watched: Monitored, limits: AlarmThresholds) -> Iterator[AlarmSpec]:
    memory, cpu = limits.cache_memory_percent, limits.cache_cpu_percent
    rows = [
        ("memory", "DatabaseMemoryUsagePercentage", "Average", memory, 3, Silence.FAILURE),
        ("cpu", "EngineCPUUtilization", "Average", cpu, 3, Silence.NOTHING),
        ("evictions", "Evictions", "Sum", limits.cache_evictions, 1, Silence.NOTHING),
    ]
    if len(watched.cache_nodes) > 1:
        # Only replicas publish it, and a failover changes which node is one.
        lag = limits.replica_lag_seconds
        rows.append(("lag", "ReplicationLag", "Maximum", lag, 2, Silence.HEALTHY))
    for index, node in enumerate(watched.cache_nodes, start=1):
        for part, metric, statistic, threshold, periods, silence in rows:
            yield _one(
                watched.cache(metric, node),
                name=f"cache-{index}-{part}",
                description=f"{metric} of a cache node, on which rate limits and keys depend.",
                statistic=statistic,
                threshold=threshold,
                comparison=ABOVE,
                silence=silence,
                periods=periods,
            )


def _surroundings(watched: Monitored, thresholds: AlarmThresholds) -> Iterator[AlarmSpec]:
    yield _one(
        watched.log_metric(metrics.OVERDUE_SECRETS),
        name="rotation-overdue",
        description="A secret is older than rotationPolicy allows, or the daily look at their ages "
        "fails: `ops doctor` says which, `ops rotate` replaces it.",
        threshold=1,
        period=_DAY,
    )
    if watched.certificate_arn is not None:
        yield _one(
            Metric(
                namespace="AWS/CertificateManager",
                name="DaysToExpiry",
                dimensions={"CertificateArn": watched.certificate_arn},
            ),
            name="certificate-expiry",
            description="The certificate of the load balancer was not renewed: look at its "
            "validation records.",
            statistic="Minimum",
            threshold=thresholds.certificate_days,
            comparison=BELOW,
            # An expired one publishes no more
            # (docs.aws.amazon.com/cdk: ICertificate.metricDaysToExpiry).
            silence=Silence.FAILURE,
            period=_DAY,
        )
    for index, gateway in enumerate(watched.nat_gateway_ids, start=1):
        yield _one(
            Metric(
                namespace="AWS/NATGateway",
                name="ErrorPortAllocation",
                dimensions={"NatGatewayId": gateway},
            ),
            name=f"nat-{index}-ports",
            description="A NAT gateway has no port left: connections to providers fail.",
            threshold=1,
            silence=Silence.NOTHING,
        )
    if watched.replication:
        yield _one(
            Metric(
                namespace="AWS/S3",
                name="OperationsFailedReplication",
                dimensions=watched.replication,
            ),
            name="log-replication",
            description="Log objects do not reach the disaster-recovery region.",
            threshold=1,
        )
    if watched.audited:
        yield _one(
            watched.log_metric(metrics.MASTER_KEY_READS),
            name="master-key-read",
            description="Somebody other than External Secrets, the deployer and the trusted "
            "readers has read the master key, or tried to. The trail says who and from where.",
            threshold=1,
        )
