"""VPC, load balancer, DNS, web firewall."""

from collections.abc import Iterator
from typing import Any

from ops.cost.lines import CannotPrice, Costs, Item, known
from ops.cost.prices import HOURS_PER_MONTH
from sandbox.planned_resources import PlannedResource, Unknown

# Of one load balancer capacity unit with IP targets:
# aws.amazon.com/elasticloadbalancing/pricing (Application Load Balancer, LCU details).
_CONNECTIONS_PER_SECOND = 25
_ACTIVE_CONNECTIONS = 3000
_GIGABYTES_PER_HOUR = 1
_RULES_PER_SECOND = 1000
_FREE_RULES = 10


def capacity_units(
    *,
    connections_per_second: float,
    active_connections: float,
    gigabytes_per_hour: float,
    requests_per_second: float,
    rules: int,
) -> float:
    """Return the load balancer's capacity units: the largest of its four dimensions."""
    evaluations = max(rules - _FREE_RULES, 0) * requests_per_second
    return max(
        connections_per_second / _CONNECTIONS_PER_SECOND,
        active_connections / _ACTIVE_CONNECTIONS,
        gigabytes_per_hour / _GIGABYTES_PER_HOUR,
        evaluations / _RULES_PER_SECOND,
    )


def _nat_gateway(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    gateways = len(costs.plan.of_type(resource.type))
    yield costs.fixed("NAT gateway", "vpc.nat.hour")
    gigabytes = 0.0 if _private_way(costs, "bedrock-runtime") else costs.usage.provider_gigabytes
    # Images come from registries outside of the VPC's endpoints, whatever those are.
    gigabytes += costs.usage.node_launches_per_month * costs.usage.image_gigabytes
    gigabytes += costs.usage.rollouts_per_month * costs.usage.image_gigabytes
    yield costs.used("data through NAT", "vpc.nat.data", gigabytes / gateways)


def _private_way(costs: Costs, service: str) -> bool:
    return any(
        str(endpoint.inputs.get("serviceName", "")).endswith(f".{service}")
        for endpoint in costs.plan.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    )


def _address(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("public IPv4 address", "vpc.public-ipv4")


def _endpoint(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    kind = known(resource, "vpcEndpointType", default="Gateway")
    if kind == "Gateway":
        return
    if kind != "Interface":
        raise CannotPrice(f"there is no rule for an endpoint of type {kind}")
    subnets = resource.inputs.get("subnetIds") or []
    # Where the list is not known in a preview, the subnets that it is made of are.
    zones = (
        sum("aws:ec2/subnet:Subnet" in urn for urn in resource.waits_for)
        if isinstance(subnets, Unknown)
        else len(subnets)
    )
    if not zones:
        raise CannotPrice("the number of subnetIds is not known in a preview")
    yield costs.fixed("endpoint, a zone each", "vpc.interface-endpoint.hour", zones)
    service = str(resource.inputs.get("serviceName", ""))
    if service.endswith(".bedrock-runtime"):
        yield costs.used(
            "data through the endpoint",
            "vpc.interface-endpoint.data",
            costs.usage.provider_gigabytes,
        )


def _vpc(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    """The VPC is free; traffic between its zones is not, and is charged in both directions."""
    usage = costs.usage
    gigabytes = usage.store_gigabytes
    if len(costs.plan.of_type("aws:ec2/natGateway:NatGateway")) == 1:
        gigabytes += usage.provider_gigabytes
    crossing = gigabytes * usage.zones_apart_share
    yield costs.used("traffic between zones, both ways", "transfer.between-zones", 2 * crossing)


def _load_balancer(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    kind = known(resource, "loadBalancerType", default="application")
    if kind != "application":
        raise CannotPrice(f"there is no rule for a load balancer of type {kind}")
    yield costs.fixed("application load balancer", "elb.application.hour")
    usage = costs.usage
    per_second = usage.requests_per_day / 86_400
    units = capacity_units(
        # Streams are long and callers few: each call is taken as a connection of its own.
        connections_per_second=per_second,
        active_connections=per_second * usage.stream_seconds,
        gigabytes_per_hour=usage.caller_gigabytes / HOURS_PER_MONTH,
        requests_per_second=per_second,
        rules=len(costs.plan.of_type("aws:lb/listenerRule:ListenerRule")),
    )
    yield costs.used("capacity units", "elb.application.capacity", units * HOURS_PER_MONTH)
    if known(resource, "internal", default=False):
        return
    zones = len(resource.inputs.get("subnets") or ())
    yield costs.fixed("public IPv4 addresses", "vpc.public-ipv4", zones)


def _zone(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("hosted zone", "route53.zone")
    yield costs.used("queries", "route53.queries", costs.usage.million_dns_queries)


def _health_check(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("health check", "route53.health-check")


def _web_acl(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    rules: Any = resource.inputs.get("rules") or []
    if isinstance(rules, Unknown):
        raise CannotPrice("rules are not known in a preview")
    yield costs.fixed("web ACL", "waf.web-acl")
    yield costs.fixed("rules and managed rule groups", "waf.rule", len(rules))
    yield costs.used("requests", "waf.requests", costs.usage.requests / 1_000_000)


RULES = {
    "aws:ec2/eip:Eip": _address,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:route53/healthCheck:HealthCheck": _health_check,
    "aws:route53/zone:Zone": _zone,
    "aws:wafv2/webAcl:WebAcl": _web_acl,
}
