"""What Auto Mode needs inside the cluster before the gateway's pods may run."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from infra.naming import NAMESPACE
from infra.network_policies import deny_by_default
from infra.setting_sections import ClusterSettings

_NODE_CLASS = "gateway"
_POD_SECURITY = tuple(
    f"pod-security.kubernetes.io/{level}" for level in ("enforce", "audit", "warn")
)
_CONSOLIDATION = {
    "whenEmpty": "WhenEmpty",
    "whenUnderutilized": "WhenEmptyOrUnderutilized",
}
# Pods finish their streams before their node or namespace goes.
_DRAIN = pulumi.CustomTimeouts(delete="30m")


@dataclass(frozen=True, kw_only=True)
class NodePlacement:
    """Where nodes stand and what they are made with."""

    cluster_name: pulumi.Input[str]
    role_name: pulumi.Input[str]
    subnet_ids: list[pulumi.Output[str]]
    zones: tuple[str, ...]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    """Key of the nodes' volumes."""


class Addons(pulumi.ComponentResource):
    """The gateway's namespace, the cluster's nodes, network policies and pod metrics.

    The namespace admits only pods that meet Pod Security ``restricted``, and lets none of them
    speak or be spoken to; what a pod needs, its own policy adds. Whatever runs pods depends on
    ``node_pool``: pods then leave before their nodes do.

    Nodes have encrypted volumes and no public address. Their metadata service takes signed requests
    of the node itself only, which Auto Mode sets and nothing changes: docs.aws.amazon.com/eks/
    latest/userguide/automode-learn-instances.html#_instance_metadata_service
    """

    namespace: kubernetes.core.v1.Namespace
    node_pool: CustomResource

    def __init__(
        self,
        name: str,
        settings: ClusterSettings,
        nodes: NodePlacement,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("litellm:addons:Addons", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.namespace = kubernetes.core.v1.Namespace(
            "gateway",
            metadata={
                "name": NAMESPACE,
                "labels": dict.fromkeys(_POD_SECURITY, "restricted"),
            },
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=_DRAIN),
        )
        deny_by_default(pulumi.ResourceOptions(parent=self, depends_on=[self.namespace]))
        # Without this, Auto Mode accepts network policies and enforces none of them
        # (docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html).
        kubernetes.core.v1.ConfigMap(
            "network-policies",
            metadata={"name": "amazon-vpc-cni", "namespace": "kube-system"},
            data={"enable-network-policy-controller": "true"},
            opts=child,
        )
        self.node_pool = self._nodes(settings, nodes)
        # The autoscaler's source; on EKS nothing serves it from the start. EKS chooses the version
        # that suits the cluster's (docs.aws.amazon.com/eks/latest/userguide/community-addons.html).
        aws.eks.Addon(
            "metrics-server",
            cluster_name=nodes.cluster_name,
            addon_name="metrics-server",
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            # It is ready when its pods run, which may have to wait for a node.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.node_pool]),
        )
        self.register_outputs({})

    def _nodes(self, settings: ClusterSettings, nodes: NodePlacement) -> CustomResource:
        node_class = CustomResource(
            "nodes",
            api_version="eks.amazonaws.com/v1",
            kind="NodeClass",
            metadata={"name": _NODE_CLASS},
            spec={
                "role": nodes.role_name,
                "subnetSelectorTerms": [{"id": subnet} for subnet in nodes.subnet_ids],
                "securityGroupSelectorTerms": [{"id": nodes.security_group_id}],
                "networkPolicy": "DefaultAllow",
                "advancedNetworking": {"associatePublicIPAddress": False},
                "ephemeralStorage": {"size": "40Gi", "kmsKeyID": nodes.key_arn},
            },
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=_DRAIN),
        )
        return CustomResource(
            "nodes",
            api_version="karpenter.sh/v1",
            kind="NodePool",
            metadata={"name": _NODE_CLASS},
            spec={
                "template": {
                    "spec": {
                        "nodeClassRef": {
                            "group": "eks.amazonaws.com",
                            "kind": "NodeClass",
                            "name": _NODE_CLASS,
                        },
                        "requirements": requirements(settings, nodes.zones),
                        # Auto Mode ends a node after 21 days whatever this says.
                        "expireAfter": "336h",
                    }
                },
                "limits": {
                    "cpu": str(settings.cpu_limit),
                    "memory": f"{settings.memory_limit_gib}Gi",
                },
                "disruption": {
                    "consolidationPolicy": _CONSOLIDATION[settings.consolidation],
                    "consolidateAfter": "5m",
                    "budgets": [{"nodes": "1"}],
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[node_class], custom_timeouts=_DRAIN
            ),
        )


def requirements(settings: ClusterSettings, zones: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return what a node must be, in the terms of the node pool."""
    wanted = {
        "kubernetes.io/arch": [settings.architecture],
        "karpenter.sh/capacity-type": [settings.capacity_type],
        "eks.amazonaws.com/instance-category": list(settings.instance_categories),
        "topology.kubernetes.io/zone": list(zones),
    }
    return [{"key": key, "operator": "In", "values": values} for key, values in wanted.items()]
