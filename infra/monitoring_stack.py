"""The bundled Prometheus, Alertmanager and Grafana: kube-prometheus-stack and what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from infra import versions
from infra.durability import DurabilityPolicy
from infra.grafana_host import GrafanaHost, GrafanaHostArgs
from infra.iam_policies import allow, document
from infra.identity import ServiceAccountRole, ServiceAccountRoleArgs
from infra.images import with_mirrored_monitoring
from infra.monitoring_network import MonitoringNetwork, apply_policies
from infra.monitoring_values import (
    ALERTMANAGER_ACCOUNT,
    GRAFANA_PORT,
    RELEASE,
    GrafanaValues,
    MonitoringValues,
    chart_values,
)
from infra.secret_families import GRAFANA_ADMIN, SUPPLIED
from infra.secret_sync import pinned_secret
from infra.subnets import api_server_address, dns_address
from infra.workloads import Workloads, WorkloadsArgs

_STORAGE_CLASS = "monitoring"
_CHART = "kube-prometheus-stack"
_DRAIN = pulumi.CustomTimeouts(delete="30m")
# Long enough for a new node, its volumes and six images.
_RELEASE_SECONDS = 1200


@dataclass(frozen=True, kw_only=True)
class MonitoringStackArgs:
    stack: WorkloadsArgs
    workloads: Workloads
    durability: DurabilityPolicy
    topic_arns: Sequence[pulumi.Input[str]]
    """Where Alertmanager tells."""


class MonitoringStack(pulumi.ComponentResource):
    """Prometheus, Alertmanager and Grafana in a namespace of their own.

    The namespace admits only pods that meet Pod Security ``restricted``, and connections that its
    policies name. Volumes are encrypted with the cluster's key; those of a protected stack outlive
    it. Grafana has a generated password, which its pods alone read, and signs users in at the
    issuer of the admin UI where there is one. Alerts go to the topics of the alarms by a role that
    may do no more than publish there. Whatever depends on this finds the Prometheus operator's
    definitions.
    """

    def __init__(
        self, name: str, args: MonitoringStackArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:monitoring:MonitoringStack", name, None, opts)
        self._args = args
        self._settings = args.stack.settings
        self._namespace = self._settings.observability.namespace
        self._child = pulumi.ResourceOptions(parent=self)
        namespace = kubernetes.core.v1.Namespace(
            "monitoring",
            metadata={
                "name": self._namespace,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=_DRAIN),
        )
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        policies = apply_policies(self._network(), inside)
        needed = [*policies, *self._secrets(namespace), self._storage_class()]
        release = kubernetes.helm.v3.Release(
            "monitoring",
            name=RELEASE,
            namespace=self._namespace,
            chart=_CHART,
            version=versions.KUBE_PROMETHEUS_STACK,
            repository_opts={"repo": versions.KUBE_PROMETHEUS_STACK_REPOSITORY},
            values=with_mirrored_monitoring(
                chart_values(self._values()), self._args.stack.settings.images.mirror
            ),
            atomic=True,
            timeout=_RELEASE_SECONDS,
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[*needed, args.workloads.addons.node_pool]
            ),
        )
        if self._settings.load_balancer.grafana_host_name:
            host_args = GrafanaHostArgs(
                naming=args.stack.naming,
                settings=self._settings.load_balancer,
                network=args.stack.network,
                cluster=args.stack.cluster,
                load_balancer=args.stack.load_balancer,
                namespace=self._namespace,
            )
            after = pulumi.ResourceOptions(parent=self, depends_on=[release])
            GrafanaHost("grafana", host_args, after)
        self.register_outputs({})

    def _network(self) -> MonitoringNetwork:
        plan, settings = self._args.stack.network.plan, self._settings
        service_cidr = settings.cluster.service_cidr
        return MonitoringNetwork(
            namespace=self._namespace,
            dns_address=dns_address(service_cidr),
            # Its service, and its interfaces, which stand in the private subnets.
            api_addresses=[f"{api_server_address(service_cidr)}/32", *plan.private],
            grafana_callers=plan.edge if settings.load_balancer.grafana_host_name else (),
            grafana_port=GRAFANA_PORT,
            grafana_signs_in=settings.grafana_sign_in is not None,
        )

    def _secrets(self, namespace: kubernetes.core.v1.Namespace) -> list[pulumi.Resource]:
        ready = pulumi.ResourceOptions(
            parent=self, depends_on=[namespace, self._args.workloads.secret_store]
        )
        kept = self._args.stack.credentials.kept_by("grafana")
        return [pinned_secret(stored, self._namespace, ready) for stored in kept]

    def _storage_class(self) -> kubernetes.storage.v1.StorageClass:
        # Auto Mode makes none: docs.aws.amazon.com/eks/latest/userguide/create-storage-class.html
        return kubernetes.storage.v1.StorageClass(
            "monitoring",
            metadata={"name": _STORAGE_CLASS},
            provisioner="ebs.csi.eks.amazonaws.com",
            parameters={
                "type": "gp3",
                "encrypted": "true",
                "kmsKeyId": self._args.stack.keys.cluster,
            },
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Retain" if self._args.durability.protect else "Delete",
            opts=self._child,
        )

    def _values(self) -> MonitoringValues:
        settings, balancer = self._settings.observability, self._settings.load_balancer
        serving = {
            stored.family.name: stored.family.secret_name(stored.epoch)
            for stored in self._args.stack.credentials.serving_to("grafana")
        }
        host = balancer.grafana_host_name
        return MonitoringValues(
            scrape_seconds=settings.scrape_seconds,
            retention_days=settings.retention_days,
            volume_gib=settings.volume_gib,
            memory_mib=settings.memory_mib,
            storage_class=_STORAGE_CLASS,
            region=self._args.stack.account.region,
            alertmanager_role_arn=self._alertmanager_role(),
            topic_arns=self._args.topic_arns,
            grafana=GrafanaValues(
                admin_secret=serving[GRAFANA_ADMIN.name],
                url=f"https://{host}" if host else None,
                sign_in=self._settings.grafana_sign_in,
                group_claim=self._settings.sign_in.group_claim,
                client_secret=serving.get(SUPPLIED["grafanaClient"].name),
                admin_group=settings.grafana.admin_group,
            ),
        )

    def _alertmanager_role(self) -> pulumi.Output[str]:
        stack = self._args.stack
        return ServiceAccountRole(
            ALERTMANAGER_ACCOUNT,
            ServiceAccountRoleArgs(
                naming=stack.naming,
                namespace=self._namespace,
                service_account=ALERTMANAGER_ACCOUNT,
                provider_arn=stack.cluster.oidc_provider_arn,
                issuer=stack.cluster.issuer,
                policy=pulumi.Output.all(self._args.topic_arns, stack.keys.monitoring).apply(
                    lambda known: publisher_policy(known[0], known[1])
                ),
            ),
            self._child,
        ).arn


def publisher_policy(topic_arns: Sequence[str], key_arn: str) -> str:
    """Return what Alertmanager may do: publish to the topics, whose messages the key encrypts.

    docs.aws.amazon.com/sns/latest/dg/sns-key-management.html, "Allow publish to encrypted topics".
    """
    return document(
        allow(["sns:Publish"], list(topic_arns)),
        allow(["kms:GenerateDataKey", "kms:Decrypt"], [key_arn]),
    )
