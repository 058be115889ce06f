"""What there is to watch in a stack: the values of the metrics' dimensions. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.cloudwatch_metrics import Metric


@dataclass(frozen=True, kw_only=True)
class Monitored:
    """The parts of a stack that publish metrics.

    ``load_balancer`` and ``target_group`` are the last parts of their ARNs, such as ``app/…``.
    ``replication`` are the dimensions of a replicated bucket's metrics. A standby of a Multi-AZ
    instance and copies of automated backups publish no lag, so ``database_replicas`` are read
    replicas only.
    """

    own_namespace: str
    cluster: str
    deployment_name: str
    deployment_namespace: str
    replicas: int
    load_balancer: pulumi.Input[str]
    target_group: pulumi.Input[str]
    database_identifier: str
    database_storage_gib: int
    maximum_connections: int
    cache_nodes: Sequence[str]
    audited: bool
    database_replicas: Sequence[str] = ()
    certificate_arn: pulumi.Input[str] | None = None
    nat_gateway_ids: Sequence[pulumi.Input[str]] = ()
    replication: Mapping[str, pulumi.Input[str]] | None = None

    def balancer(self, name: str) -> Metric:
        """Return a metric of the load balancer."""
        return Metric(
            namespace="AWS/ApplicationELB",
            name=name,
            dimensions={"LoadBalancer": self.load_balancer},
        )

    def targets(self, name: str) -> Metric:
        """Return a metric of the gateway's pods as the load balancer sees them."""
        return Metric(
            namespace="AWS/ApplicationELB",
            name=name,
            dimensions={"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group},
        )

    def deployment(self, name: str) -> Metric:
        """Return a metric of the gateway's pods as Kubernetes sees them."""
        return Metric(
            namespace="ContainerInsights",
            name=name,
            dimensions={
                "ClusterName": self.cluster,
                "Namespace": self.deployment_namespace,
                "PodName": self.deployment_name,
            },
        )

    def gateway(self, name: str) -> Metric:
        """Return one of LiteLLM's own metrics."""
        return Metric(
            namespace=self.own_namespace, name=name, dimensions={"ClusterName": self.cluster}
        )

    def log_metric(self, name: str) -> Metric:
        """Return a metric that a filter counts in log lines."""
        return Metric(namespace=self.own_namespace, name=name)

    def database(self, name: str, identifier: str | None = None) -> Metric:
        """Return a metric of the serving database, or of a replica."""
        return Metric(
            namespace="AWS/RDS",
            name=name,
            dimensions={"DBInstanceIdentifier": identifier or self.database_identifier},
        )

    def cache(self, name: str, node: str) -> Metric:
        """Return a metric of a cache node."""
        return Metric(namespace="AWS/ElastiCache", name=name, dimensions={"CacheClusterId": node})
