"""Rules between the network, the cluster and the rest of a stack's configuration."""

import ipaddress
from collections.abc import Iterator
from itertools import combinations

from infra.setting_sections import Durability
from infra.settings import Settings
from infra.supplied_secrets import Supplied


def _somebody_reaches_the_api_server(settings: Settings, _: Supplied) -> Iterator[str]:
    cluster = settings.cluster
    if not (
        cluster.public_access_cidrs or cluster.runner_cidrs or cluster.runner_security_group_ids
    ):
        yield (
            "cluster.runnerCidrs: nobody could reach the API server, this program included; give "
            "runnerCidrs or runnerSecurityGroupIds for its private endpoint, or publicAccessCidrs"
        )


def _addresses_do_not_overlap(settings: Settings, _: Supplied) -> Iterator[str]:
    network = settings.network
    named = [("cluster.serviceCidr", settings.cluster.service_cidr)]
    if not network.existing:
        named.insert(0, ("network.cidr", network.cidr))
    named += [
        (f"network.reservedCidrs[{index}]", cidr)
        for index, cidr in enumerate(network.reserved_cidrs)
    ]
    for (key, cidr), (other_key, other) in combinations(named, 2):
        # Whether reserved networks overlap each other is nothing to this stack.
        if key.startswith("network.reservedCidrs"):
            continue
        if overlap(cidr, other):
            yield f"{other_key}: {other} overlaps {key} {cidr}; choose networks that are apart"


def overlap(one: str, other: str) -> bool:
    """Tell whether two networks have an address in common."""
    return ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other))


def _zones_are_of_the_region(settings: Settings, _: Supplied) -> Iterator[str]:
    region = settings.aws.region
    for index, name in enumerate(settings.network.zone_names):
        if name[:-1] != region:
            yield f"network.zoneNames[{index}]: {name} is not a zone of aws.region {region}"


def _protected_networks_are_private(settings: Settings, _: Supplied) -> Iterator[str]:
    if settings.durability is not Durability.PROTECTED:
        return
    network = settings.network
    if network.zone_count < 3:
        key = "existing.privateSubnetIds" if network.existing else "zones"
        yield f"network.{key}: {network.zone_count} zones are too few for a protected stack; give 3"
    if not network.existing:
        if network.nat_gateways != "perZone":
            yield "network.natGateways: a protected stack needs perZone"
        if not network.interface_endpoints:
            yield "network.interfaceEndpoints: a protected stack in a VPC of its own needs them"


def _deployers_are_named(settings: Settings, _: Supplied) -> Iterator[str]:
    if settings.cluster.deployer_role_arns:
        return
    if settings.durability is Durability.PROTECTED:
        yield (
            "cluster.deployerRoleArns: a protected stack names the roles that deploy it; whoever "
            "runs it first would own it otherwise"
        )
    elif settings.identity.github:
        # EKS has one entry for each principal, and the workflow's role has its own already.
        yield (
            "cluster.deployerRoleArns: with identity.github people and workflows run the program "
            "by turns, and each run would give the cluster to who runs it; name the roles that "
            "deploy by hand"
        )


NETWORK_RULES = (
    _deployers_are_named,
    _somebody_reaches_the_api_server,
    _addresses_do_not_overlap,
    _zones_are_of_the_region,
    _protected_networks_are_private,
)
