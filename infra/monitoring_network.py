"""Network policies of the namespace that Prometheus, Alertmanager and Grafana run in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from infra.naming import NAMESPACE

# The labels that the operator and the charts give to their pods.
PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
ALERTMANAGER = {"app.kubernetes.io/name": "alertmanager"}
GRAFANA = {"app.kubernetes.io/name": "grafana"}
METRICS_PORT = 9090
# Instance metadata and EKS Pod Identity's agent hand out credentials of the node and of other pods
# (docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html).
_OF_THE_NODE = ("169.254.169.254/32", "169.254.170.23/32")


@dataclass(frozen=True, kw_only=True)
class MonitoringNetwork:
    """Who is where: addresses of name servers and API server, networks, Grafana's callers."""

    namespace: str
    dns_address: str
    api_addresses: Sequence[str]
    """Networks in which the API server answers."""
    grafana_callers: Sequence[str] = ()
    grafana_port: int = 3000
    grafana_signs_in: bool = False


def monitoring_policies(network: MonitoringNetwork) -> dict[str, Any]:
    """Return the policies by name: nothing, and then what each part needs. Pure."""
    everywhere = _peers(["0.0.0.0/0"], except_=_OF_THE_NODE)
    policies = {
        "default-deny": _policy({}),
        # The parts ask each other, names and the API server.
        "own-parts": _policy(
            {},
            ingress=[{"from": [{"pod_selector": {}}]}],
            egress=[
                {"to": [{"pod_selector": {}}]},
                {
                    "to": _peers([f"{network.dns_address}/32"]),
                    "ports": [_port(53, "UDP"), _port(53)],
                },
                {"to": _peers(network.api_addresses), "ports": [_port(443)]},
            ],
        ),
        "prometheus": _policy(
            PROMETHEUS,
            egress=[{"to": [_namespace(NAMESPACE)], "ports": [_port(METRICS_PORT)]}],
        ),
        # SNS and STS, whose addresses change.
        "alertmanager": _policy(ALERTMANAGER, egress=[{"to": everywhere, "ports": [_port(443)]}]),
    }
    if network.grafana_callers:
        policies["grafana-callers"] = _policy(
            GRAFANA,
            ingress=[
                {"from": _peers(network.grafana_callers), "ports": [_port(network.grafana_port)]}
            ],
        )
    if network.grafana_signs_in:
        policies["grafana-sign-in"] = _policy(
            GRAFANA, egress=[{"to": everywhere, "ports": [_port(443)]}]
        )
    return policies


def apply_policies(network: MonitoringNetwork, opts: pulumi.ResourceOptions) -> list[NetworkPolicy]:
    """Make the namespace's policies."""
    return [
        NetworkPolicy(
            f"monitoring-{name}",
            metadata={"name": name, "namespace": network.namespace},
            spec=spec,
            opts=opts,
        )
        for name, spec in monitoring_policies(network).items()
    ]


def _policy(
    labels: dict[str, str],
    ingress: Sequence[Any] | None = None,
    egress: Sequence[Any] | None = None,
) -> dict[str, Any]:
    rules = {"ingress": ingress, "egress": egress}
    given = {kind: list(items) for kind, items in rules.items() if items}
    types = [kind.capitalize() for kind in given] or ["Ingress", "Egress"]
    selector = {"match_labels": labels} if labels else {}
    return {"pod_selector": selector, "policy_types": types, **given}


def _peers(cidrs: Sequence[str], except_: Sequence[str] = ()) -> list[Any]:
    block = {"except": list(except_)} if except_ else {}
    return [{"ip_block": {"cidr": cidr, **block}} for cidr in cidrs]


def _namespace(name: str) -> dict[str, Any]:
    return {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": name}}}


def _port(port: int, protocol: str = "TCP") -> dict[str, Any]:
    return {"protocol": protocol, "port": port}
