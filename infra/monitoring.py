"""What watches a stack: telemetry of pods, the trail, alarms, the dashboard and the budget."""

from dataclasses import dataclass

import pulumi

from infra.alarm_specs import alarm_specs
from infra.alarms import Alarms, AlarmsArgs
from infra.audit_documents import master_key_filter
from infra.audit_trail import AuditTrail, AuditTrailArgs
from infra.budgets import BedrockBudget, BedrockBudgetArgs
from infra.cloudwatch_dashboard import CloudWatchDashboard, CloudWatchDashboardArgs
from infra.cloudwatch_metrics import own_namespace
from infra.cluster_access import deployers
from infra.database_classes import max_connections
from infra.deployment_scope import DEPLOY_ROLE
from infra.durability import DurabilityPolicy
from infra.monitored import Monitored
from infra.monitoring_stack import MonitoringStack, MonitoringStackArgs
from infra.naming import NAMESPACE, RELEASE
from infra.notifications import Notifications, NotificationsArgs
from infra.observability import Observability, ObservabilityArgs
from infra.pod_telemetry import PodTelemetry, PodTelemetryArgs
from infra.secret_families import MASTER_KEY
from infra.secret_sync import SERVICE_ACCOUNT as EXTERNAL_SECRETS
from infra.workloads import Workloads, WorkloadsArgs


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    stack: WorkloadsArgs
    """The parts of the stack, as its workloads get them."""
    workloads: Workloads
    durability: DurabilityPolicy


class Monitoring(pulumi.ComponentResource):
    """Everything that tells how a stack is, and the topic through which it tells."""

    topic_arn: pulumi.Output[str]
    dashboards: list[str]
    """Names of the dashboards that Grafana has."""

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:monitoring:Monitoring", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        stack, settings = args.stack, args.stack.settings
        namespace = own_namespace(stack.naming.stack)
        telemetry_args = PodTelemetryArgs(
            naming=stack.naming,
            account=stack.account,
            cluster=stack.cluster,
            key_arn=stack.keys.logs,
            log_retention_days=settings.monitoring.log_retention_days,
            metric_namespace=namespace,
        )
        PodTelemetry("telemetry", telemetry_args, self._child)
        if settings.audit.enabled:
            self._audit(args, namespace)
        notifications_args = NotificationsArgs(
            naming=stack.naming,
            account=stack.account,
            emails=settings.monitoring.alarm_emails,
            further_topic_arns=settings.monitoring.alarm_topic_arns,
            key_arn=stack.keys.monitoring,
        )
        notifications = Notifications("notifications", notifications_args, self._child)
        self.topic_arn = notifications.topic_arn
        watched = monitored(stack)
        alarms_args = AlarmsArgs(
            naming=stack.naming,
            specs=alarm_specs(watched, settings.monitoring.thresholds),
            receivers=notifications.receivers,
        )
        Alarms("alarms", alarms_args, self._child)
        dashboard_args = CloudWatchDashboardArgs(
            naming=stack.naming, region=stack.account.region, watched=watched
        )
        CloudWatchDashboard("dashboard", dashboard_args, self._child)
        budget_args = BedrockBudgetArgs(
            naming=stack.naming,
            settings=settings.budget,
            models=settings.models,
            topic_arn=notifications.topic_arn,
        )
        BedrockBudget("budget", budget_args, self._child)
        self.dashboards = self._in_cluster(args, notifications)
        self.register_outputs({"topicArn": self.topic_arn})

    def _in_cluster(self, args: MonitoringArgs, notifications: Notifications) -> list[str]:
        """Let Prometheus and Grafana, bundled or existing, watch the gateway too."""
        wanted = args.stack.settings.observability.monitoring
        if wanted == "none":
            return []
        # Their namespace is there first, and so are the definitions that a bundled stack brings.
        needed: list[pulumi.Resource] = [args.workloads.addons.namespace]
        in_cluster = pulumi.ResourceOptions(
            parent=self, providers=[args.stack.account.provider, args.stack.cluster.provider]
        )
        if wanted == "bundled":
            bundled_args = MonitoringStackArgs(
                stack=args.stack,
                workloads=args.workloads,
                durability=args.durability,
                topic_arns=notifications.receivers,
            )
            needed.append(MonitoringStack("monitoring-stack", bundled_args, in_cluster))
        after = pulumi.ResourceOptions.merge(in_cluster, pulumi.ResourceOptions(depends_on=needed))
        observability_args = ObservabilityArgs(
            environment=args.stack.naming.stack, settings=args.stack.settings
        )
        return Observability("observability", observability_args, after).dashboards

    def _audit(self, args: MonitoringArgs, namespace: str) -> None:
        stack = args.stack
        secret = f"{stack.naming.secret_path(MASTER_KEY.name)}-"
        trail_args = AuditTrailArgs(
            naming=stack.naming,
            account=stack.account,
            settings=stack.settings.audit,
            durability=args.durability,
            key_arn=stack.keys.logs,
            filters=[master_key_filter(secret, known_readers(stack))],
            metric_namespace=namespace,
        )
        AuditTrail("audit", trail_args, self._child)


def known_readers(stack: WorkloadsArgs) -> list[str]:
    """Return who may read the master key without an alarm, by name.

    External Secrets does by its work; the deployer and GitHub's deploy role do whenever Pulumi
    reads the secret's version back, in ``up`` and ``refresh``; others are named in
    ``audit.trustedReaderArns``.
    """
    account, settings = stack.account, stack.settings
    own = [EXTERNAL_SECRETS, *([DEPLOY_ROLE] if settings.identity.github else [])]
    roles = f"arn:{account.partition}:iam::{account.account_id}:role"
    readers = [
        *(f"{roles}/{stack.naming.named(part)}" for part in own),
        *deployers(settings.cluster, account.caller_arn),
        *settings.audit.trusted_reader_arns,
    ]
    return list(dict.fromkeys(readers))


def monitored(stack: WorkloadsArgs) -> Monitored:
    """Return what there is to watch. All but what AWS numbers is known in a preview."""
    settings, naming, balancer = stack.settings, stack.naming, stack.load_balancer
    nodes, copies = 1 + settings.cache.replicas, stack.stores.copies
    return Monitored(
        own_namespace=own_namespace(naming.stack),
        cluster=naming.prefix,
        deployment_name=RELEASE,
        deployment_namespace=NAMESPACE,
        replicas=settings.gateway.replicas,
        load_balancer=balancer.arn.apply(lambda arn: arn.partition(":loadbalancer/")[2]),
        target_group=balancer.target_group_arn.apply(lambda arn: arn.rpartition(":")[2]),
        database_identifier=naming.named(f"database-{settings.database.generation}"),
        database_storage_gib=settings.database.storage_gib,
        maximum_connections=max_connections(settings.database.instance_class),
        # Nodes of a group without shards are numbered from 001.
        cache_nodes=[f"{naming.named('cache')}-{number:03}" for number in range(1, nodes + 1)],
        audited=settings.audit.enabled,
        certificate_arn=balancer.certificate_arn,
        nat_gateway_ids=stack.network.nat_gateway_ids,
        replication=copies.replication_dimensions if copies else None,
    )
