"""Rows 12 to 14: the VPC, who may connect to what in it, and private ways to AWS."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import (
    CACHE,
    CLUSTER,
    DATABASE,
    DEFAULT_SECURITY_GROUP,
    EGRESS_RULE,
    FLOW_LOG,
    INGRESS_RULE,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
)
from policy.stack import CannotTell, Resource, Stack
from policy.values import EVERYONE, at, items

# What pods, nodes and controllers of every stack call.
SERVICES = frozenset(
    {"bedrock-runtime", "ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager", "sts"}
)
_NETWORKS = ("cidrIpv4", "cidrIpv6", "prefixListId")


def has_flow_logs(vpc: Resource, stack: Stack) -> Iterator[str]:
    if not stack.attached(vpc, FLOW_LOG, "vpcId", "id"):
        yield "no flow log records its traffic"


def closes_the_default_security_group(vpc: Resource, stack: Stack) -> Iterator[str]:
    groups = stack.attached(vpc, DEFAULT_SECURITY_GROUP, "vpcId", "id")
    if not groups:
        yield "its default security group is left as AWS makes it"
    for group in groups:
        if items(group.inputs.get("ingress")) or items(group.inputs.get("egress")):
            yield f"{group.name}: the default security group has rules"


def gives_no_public_addresses(subnet: Resource, stack: Stack) -> Iterator[str]:
    if subnet.inputs.get("mapPublicIpOnLaunch"):
        yield "mapPublicIpOnLaunch is true"


def stands_in_a_vpc_of_this_stack(cluster: Resource, stack: Stack) -> Iterator[str]:
    if not stack.of(VPC):
        raise CannotTell("the VPC is another's: its flow logs and endpoints are out of sight")
    yield from ()


def _networks(rule: Resource) -> set[str]:
    """Return the address ranges that a rule lets in or out."""
    single = {rule.inputs[key] for key in _NETWORKS if rule.inputs.get(key)}
    several = {
        cidr for key in ("cidrBlocks", "ipv6CidrBlocks") for cidr in items(rule.inputs.get(key))
    }
    return single | several


def admits_named_networks(rule: Resource, stack: Stack) -> Iterator[str]:
    if rule.inputs.get("type") != "egress" and EVERYONE & _networks(rule):
        yield "it admits everyone"


def has_no_open_inline_rule(group: Resource, stack: Stack) -> Iterator[str]:
    for rule in items(group.inputs.get("ingress")):
        cidrs = [*items(at(rule, "cidrBlocks")), *items(at(rule, "ipv6CidrBlocks"))]
        if EVERYONE & set(cidrs):
            yield "an inline rule admits everyone"


def _groups(store: Resource, stack: Stack) -> list[Resource]:
    property_ = "vpcSecurityGroupIds" if store.type == DATABASE else "securityGroupIds"
    found = stack.behind(store, property_, SECURITY_GROUP)
    if not found:
        raise CannotTell("its security groups are not of this stack")
    return found


def admits_security_groups_only(store: Resource, stack: Stack) -> Iterator[str]:
    for group in _groups(store, stack):
        for rule in stack.attached(group, INGRESS_RULE, "securityGroupId", "id"):
            if _networks(rule):
                yield f"rule {rule.name} admits a network instead of a security group"
        if items(group.inputs.get("ingress")):
            yield f"security group {group.name} has inline rules"


def has_no_open_way_out(store: Resource, stack: Stack) -> Iterator[str]:
    for group in _groups(store, stack):
        for rule in stack.attached(group, EGRESS_RULE, "securityGroupId", "id"):
            if _networks(rule):
                yield f"rule {rule.name} lets it connect to a network"
        if items(group.inputs.get("egress")):
            yield f"security group {group.name} has inline egress"


def _endpoints(vpc: Resource, stack: Stack, type_: str) -> dict[str, Resource]:
    """Return the VPC's endpoints of a type, by service: ``com.amazonaws.<region>.<service>``."""
    return {
        str(endpoint.inputs.get("serviceName")).split(".", 3)[-1]: endpoint
        for endpoint in stack.attached(vpc, VPC_ENDPOINT, "vpcId", "id")
        if (endpoint.inputs.get("vpcEndpointType") or "Gateway") == type_
    }


def reaches_s3_privately(vpc: Resource, stack: Stack) -> Iterator[str]:
    if "s3" not in _endpoints(vpc, stack, "Gateway"):
        yield "no gateway endpoint leads to S3"


def reaches_services_privately(vpc: Resource, stack: Stack) -> Iterator[str]:
    endpoints = _endpoints(vpc, stack, "Interface")
    missing = SERVICES - set(endpoints)
    if missing:
        yield f"no interface endpoint leads to {', '.join(sorted(missing))}"
    for service, endpoint in sorted(endpoints.items()):
        if endpoint.inputs.get("privateDnsEnabled") is not True:
            yield f"the endpoint of {service} has no private DNS, so nothing uses it"


CONTROLS = (
    Control(
        row=12,
        name="vpc",
        requires="the VPC keeps flow logs, its default security group is empty, its subnets give "
        "no public addresses",
        ids=("EC2.6", "EC2.2", "EC2.15"),
        severity=Severity.MEDIUM,
        checks={
            VPC: (has_flow_logs, closes_the_default_security_group),
            SUBNET: (gives_no_public_addresses,),
            CLUSTER: (stands_in_a_vpc_of_this_stack,),
        },
    ),
    Control(
        row=13,
        name="security-groups",
        requires="nothing admits everyone; data stores admit security groups only and have no "
        "open way out",
        ids=("EC2.18", "EC2.19", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260", "CKV_AWS_382"),
        severity=Severity.CRITICAL,
        checks={
            INGRESS_RULE: (admits_named_networks,),
            SECURITY_GROUP_RULE: (admits_named_networks,),
            SECURITY_GROUP: (has_no_open_inline_rule,),
            DATABASE: (admits_security_groups_only, has_no_open_way_out),
            CACHE: (admits_security_groups_only, has_no_open_way_out),
        },
    ),
    Control(
        row=14,
        name="vpc-endpoints",
        requires="AWS is reached through a gateway endpoint for S3 and interface endpoints for "
        "the services in use",
        ids=("EC2.55", "EC2.56", "EC2.57"),
        severity=Severity.MEDIUM,
        checks={
            VPC: (reaches_s3_privately, reaches_services_privately),
            CLUSTER: (stands_in_a_vpc_of_this_stack,),
        },
    ),
)
