"""What a scheduled job's pods may connect to. Pure: settings in, a NetworkPolicy's spec out."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.database import PORT as DATABASE_PORT
from infra.settings import Settings
from infra.subnets import dns_address


def job_egress(settings: Settings, labels: Mapping[str, str], stores: Sequence[str]) -> Any:
    """Return the spec of pods that reach DNS, HTTPS and ``stores``, and that nothing reaches."""
    dns = {
        "to": [{"ipBlock": {"cidr": f"{dns_address(settings.cluster.service_cidr)}/32"}}],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }
    # S3 has public addresses behind its gateway endpoint too; the link-local ones are the node's.
    egress = [dns, _to(["0.0.0.0/0"], 443, but=["169.254.0.0/16"])]
    if stores:
        egress.append(_to(stores, DATABASE_PORT))
    if settings.aws.endpoint:
        host, _, port = settings.aws.endpoint.split("//", 1)[1].partition(":")
        egress.append(_to([f"{host}/32"], int(port or 80)))
    return {
        "podSelector": {"matchLabels": dict(labels)},
        "policyTypes": ["Ingress", "Egress"],
        "egress": egress,
    }


def _to(networks: Sequence[str], port: int, but: Sequence[str] = ()) -> Any:
    without = {"except": list(but)} if but else {}
    return {
        "to": [{"ipBlock": {"cidr": network, **without}} for network in networks],
        "ports": [{"protocol": "TCP", "port": port}],
    }
