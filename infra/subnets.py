"""The address plan of the VPC. Pure arithmetic."""

import ipaddress
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SubnetPlan:
    """Networks by zone, in the order of the zones.

    Pods take their addresses from the private subnets, so these get most of the space. The load
    balancer has the edge subnets to itself, so that an address tells who it is.
    """

    private: tuple[str, ...]
    public: tuple[str, ...]
    data: tuple[str, ...]
    edge: tuple[str, ...]


def plan_subnets(cidr: str, zones: int) -> SubnetPlan:
    """Divide ``cidr``: its first three quarters are private subnets, one for each zone.

    The last quarter is cut into sixteenths of itself: the first ``zones`` are public (NAT gateways
    only), the next ``zones`` are for databases and caches, then come those of the load balancer. A
    /16 so gives private /18, others /22; a /20 gives others /26, where a load balancer needs /27
    (docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html).
    """
    if not 1 <= zones <= 3:
        raise ValueError(f"{zones} zones: the plan has room for 1 to 3")
    quarters = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=2))
    small = [str(network) for network in quarters[3].subnets(prefixlen_diff=4)]
    return SubnetPlan(
        private=tuple(str(network) for network in quarters[:zones]),
        public=tuple(small[:zones]),
        data=tuple(small[zones : 2 * zones]),
        edge=tuple(small[2 * zones : 3 * zones]),
    )


def dns_address(service_cidr: str) -> str:
    """Return where pods ask for names: EKS serves DNS at the tenth address of the services.

    Auto Mode answers there from each node, with no pod behind it that a network policy could
    select (github.com/aws/containers-roadmap/issues/2552); the policy sees the services' address,
    not the node's (seen in a cluster: github.com/archestra-ai/archestra/pull/5538).
    """
    return str(ipaddress.IPv4Network(service_cidr)[10])


def api_server_address(service_cidr: str) -> str:
    """Return where pods reach the API server: the first address of the services.

    k8s.io/kubernetes v1.35.4, pkg/controlplane/apiserver/options/options.go, ServiceIPRange.
    """
    return str(ipaddress.IPv4Network(service_cidr)[1])
