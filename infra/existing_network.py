"""An existing VPC: looked up and checked before anything is created in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.network_rules import overlap
from infra.setting_sections import ExistingNetworkSettings
from infra.settings import SettingsError
from infra.subnets import SubnetPlan
from infra.zones import WITHOUT_EKS


@dataclass(frozen=True, kw_only=True)
class FoundSubnet:
    id: str
    cidr: str
    zone: str
    zone_id: str
    gives_public_addresses: bool
    route_table_id: str
    reaches_internet_gateway: bool


@dataclass(frozen=True, kw_only=True)
class FoundNetwork:
    """What AWS says of the VPC that the settings name."""

    cidr: str
    cidrs: tuple[str, ...]
    private: tuple[FoundSubnet, ...]
    data: tuple[FoundSubnet, ...]
    edge: tuple[FoundSubnet, ...]

    @property
    def plan(self) -> SubnetPlan:
        return SubnetPlan(
            private=tuple(subnet.cidr for subnet in self.private),
            public=(),
            data=tuple(subnet.cidr for subnet in self.data),
            edge=tuple(subnet.cidr for subnet in self.edge),
        )


def find_network(
    settings: ExistingNetworkSettings, apart_from: Mapping[str, str], opts: pulumi.InvokeOptions
) -> FoundNetwork:
    """Look up an existing VPC; raise SettingsError with all that is wrong with it.

    ``apart_from`` are networks by their keys in the configuration, which it must not overlap.
    """
    search = _Search(settings, opts)
    found = search.network()
    problems = [*search.problems, *(_clashes(found, apart_from) if found else ())]
    if problems or found is None:
        raise SettingsError(pulumi.get_stack(), problems)
    return found


def _clashes(found: FoundNetwork, apart_from: Mapping[str, str]) -> Iterator[str]:
    for key, cidr in apart_from.items():
        for own in found.cidrs:
            if overlap(cidr, own):
                yield f"{key}: {cidr} overlaps {own} of the existing VPC"


class _Search:
    def __init__(self, settings: ExistingNetworkSettings, opts: pulumi.InvokeOptions) -> None:
        self._settings = settings
        self._opts = opts
        self.problems: list[str] = []

    def network(self) -> FoundNetwork | None:
        vpc_id = self._settings.vpc_id
        filters = [{"name": "vpc-id", "values": [vpc_id]}]
        if not aws.ec2.get_vpcs(filters=filters, opts=self._opts).ids:  # type: ignore[arg-type]
            self._tell("vpcId", f"there is no VPC {vpc_id} in this account and region")
            return None
        vpc = aws.ec2.get_vpc(id=vpc_id, opts=self._opts)
        if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
            self._tell(
                "vpcId",
                f"{vpc_id} must have DNS support and DNS hostnames turned on; nodes cannot join "
                "and private names do not resolve otherwise",
            )
        self._main_table = vpc.main_route_table_id
        private = self._subnets("privateSubnetIds", self._settings.private_subnet_ids)
        data = self._subnets("dataSubnetIds", self._settings.data_subnet_ids)
        edge = self._subnets("edgeSubnetIds", self._settings.edge_subnet_ids)
        for subnet in private:
            if subnet.zone_id in WITHOUT_EKS:
                self._tell(
                    "privateSubnetIds",
                    f"{subnet.id} is in {subnet.zone_id}, where EKS puts no control plane",
                )
        return FoundNetwork(
            cidr=vpc.cidr_block,
            cidrs=tuple(one.cidr_block for one in vpc.cidr_block_associations) or (vpc.cidr_block,),
            private=private,
            data=data or private,
            edge=edge or private,
        )

    def _tell(self, key: str, problem: str) -> None:
        self.problems.append(f"network.existing.{key}: {problem}")

    def _subnets(self, key: str, ids: Sequence[str]) -> tuple[FoundSubnet, ...]:
        vpc_id = self._settings.vpc_id
        present = self._ids(("vpc-id", [vpc_id]), ("subnet-id", list(ids))) if ids else []
        for missing in (one for one in ids if one not in present):
            self._tell(key, f"{missing} is not a subnet of {vpc_id}")
        found = tuple(self._subnet(one) for one in ids if one in present)
        zones: dict[str, str] = {}
        for subnet in found:
            if other := zones.get(subnet.zone):
                self._tell(
                    key, f"{other} and {subnet.id} are both in {subnet.zone}; give one a zone"
                )
            zones[subnet.zone] = subnet.id
            if subnet.gives_public_addresses:
                self._tell(key, f"{subnet.id} gives out public addresses on launch; it must not")
            if subnet.reaches_internet_gateway:
                self._tell(
                    key,
                    f"{subnet.id} is public: its routes lead to an internet gateway; give a "
                    "private one, with NAT or no way out",
                )
        return found

    def _subnet(self, subnet_id: str) -> FoundSubnet:
        subnet = aws.ec2.get_subnet(id=subnet_id, opts=self._opts)
        # A subnet without an association of its own follows the VPC's main table.
        tables = self._tables(("association.subnet-id", [subnet_id])) or [self._main_table]
        open_tables = self._tables(("route-table-id", tables[:1]), ("route.gateway-id", ["igw-*"]))
        return FoundSubnet(
            id=subnet_id,
            cidr=subnet.cidr_block,
            zone=subnet.availability_zone,
            zone_id=subnet.availability_zone_id,
            gives_public_addresses=subnet.map_public_ip_on_launch,
            route_table_id=tables[0],
            reaches_internet_gateway=bool(open_tables),
        )

    def _ids(self, *filters: tuple[str, list[str]]) -> list[str]:
        wanted = [{"name": name, "values": values} for name, values in filters]
        return list(aws.ec2.get_subnets(filters=wanted, opts=self._opts).ids)  # type: ignore[arg-type]

    def _tables(self, *filters: tuple[str, list[str]]) -> list[str]:
        wanted = [{"name": name, "values": values} for name, values in filters]
        return list(aws.ec2.get_route_tables(filters=wanted, opts=self._opts).ids)  # type: ignore[arg-type]
