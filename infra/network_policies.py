"""Network policies of the gateway's namespace: nothing, and then what a pod needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.naming import NAMESPACE


def deny_by_default(opts: pulumi.ResourceOptions) -> NetworkPolicy:
    """Make the policy under which no pod of the namespace speaks or is spoken to."""
    return NetworkPolicy(
        "default-deny",
        metadata={"name": "default-deny", "namespace": NAMESPACE},
        spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
        opts=opts,
    )


def allow_egress(
    name: str,
    labels: Mapping[str, str],
    dns_address: str,
    destinations: Mapping[int, Sequence[str]],
    opts: pulumi.ResourceOptions,
) -> NetworkPolicy:
    """Let the pods with ``labels`` ask for names and reach TCP ports of networks; nothing else.

    ``destinations`` are networks by port.
    """
    rules: list[Any] = [
        {
            "to": [{"ip_block": {"cidr": f"{dns_address}/32"}}],
            "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
        }
    ]
    rules += [
        {
            "to": [{"ip_block": {"cidr": cidr}} for cidr in cidrs],
            "ports": [{"protocol": "TCP", "port": port}],
        }
        for port, cidrs in destinations.items()
    ]
    return NetworkPolicy(
        name,
        metadata={"name": name, "namespace": NAMESPACE},
        spec={
            "pod_selector": {"match_labels": dict(labels)},
            "policy_types": ["Egress"],
            "egress": rules,
        },
        opts=opts,
    )
