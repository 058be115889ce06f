"""What Auto Mode needs inside the cluster before the gateway's pods may run."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from infra.naming import NAMESPACE
from infra.setting_sections import ClusterSettings

_NODE_CLASS = "gateway"
_POD_SECURITY = tuple(
    f"pod-security.kubernetes.io/{level}" for level in ("enforce", "audit", "warn")
)


@dataclass(frozen=True, kw_only=True)
class NodePlacement:
    role_name: pulumi.Input[str]
    subnet_ids: list[pulumi.Output[str]]
    security_group_id: pulumi.Input[str]


class Addons(pulumi.ComponentResource):
    """The gateway's namespace, its nodes, and enforcement of network policies.

    The namespace admits only pods that meet Pod Security ``restricted``.
    """

    namespace: kubernetes.core.v1.Namespace

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
            opts=child,
        )
        # Without this, Auto Mode accepts network policies and enforces none of them
        # (docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html).
        kubernetes.core.v1.ConfigMap(
            "network-policies",
            metadata={"name": "amazon-vpc-cni", "namespace": "kube-system"},
            data={"enable-network-policy-controller": "true"},
            opts=child,
        )
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
                "ephemeralStorage": {"size": "40Gi"},
            },
            opts=child,
        )
        CustomResource(
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
                        "requirements": _requirements(settings),
                        "expireAfter": "336h",
                    }
                },
                "limits": {"cpu": str(settings.cpu_limit)},
                "disruption": {
                    "consolidationPolicy": "WhenEmptyOrUnderutilized",
                    "consolidateAfter": "5m",
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[node_class]),
        )
        self.register_outputs({})


def _requirements(settings: ClusterSettings) -> list[dict[str, Any]]:
    wanted = {
        "kubernetes.io/arch": [settings.architecture],
        "karpenter.sh/capacity-type": [settings.capacity_type],
        "eks.amazonaws.com/instance-category": ["c", "m", "r"],
    }
    return [{"key": key, "operator": "In", "values": values} for key, values in wanted.items()]
