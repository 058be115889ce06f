"""The VPC: one of the stack's own, or one that exists."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Cidr, LogGroupDays, Section

SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]
# What is decided by whoever made an existing VPC.
_OF_AN_OWN_VPC = ("cidr", "zones", "zoneNames", "natGateways")


class ExistingNetworkSettings(Section):
    """A VPC that somebody else owns. Every id is checked before anything is created."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", description="Id of an existing VPC.")
    private_subnet_ids: tuple[SubnetId, ...] = Field(
        description="Its subnets for nodes and pods: two or three, each in another zone, none "
        "with a route to an internet gateway.",
    )
    data_subnet_ids: tuple[SubnetId, ...] = Field(
        default=(),
        description="Its subnets for database and cache, in two zones at least; none: the "
        "private ones.",
    )
    edge_subnet_ids: tuple[SubnetId, ...] = Field(
        default=(),
        description="Its subnets for the load balancer, in two zones at least; none: the private "
        "ones.",
    )
    has_storage_endpoint: bool = Field(
        default=False,
        description="The private subnets have a gateway endpoint for S3 already; a second one "
        "cannot be made.",
    )

    @model_validator(mode="after")
    def _subnets_for_two_zones(self) -> Self:
        if not 2 <= len(self.private_subnet_ids) <= 3:
            raise ValueError(
                f"privateSubnetIds has {len(self.private_subnet_ids)} subnets; nodes need two or "
                "three private ones, each in another zone"
            )
        for key, ids in (
            ("privateSubnetIds", self.private_subnet_ids),
            ("dataSubnetIds", self.data_subnet_ids),
            ("edgeSubnetIds", self.edge_subnet_ids),
        ):
            if len(ids) == 1:
                raise ValueError(f"{key} has one subnet; AWS wants two zones: give two or none")
            if len(set(ids)) < len(ids):
                raise ValueError(f"{key} names a subnet twice: {', '.join(ids)}")
        return self


class NetworkSettings(Section):
    existing: ExistingNetworkSettings | None = Field(
        default=None, description="A VPC that exists; unset: the stack makes its own."
    )
    cidr: Cidr = Field(default="10.40.0.0/16", description="Address space of the VPC, /16 to /20.")
    zones: Literal[2, 3] = Field(
        default=3,
        description="Availability zones with one subnet of each kind; the first ones by name.",
    )
    zone_names: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]+[a-z]$")], ...] = Field(
        default=(), description="The zones themselves, instead of the first ones by name."
    )
    nat_gateways: Literal["one", "perZone"] = Field(
        default="one",
        description="`one` costs least; `perZone` keeps the way out when a zone is lost.",
    )
    reserved_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks that are or will be connected to the VPC (peered, VPN): its own "
        "addresses must not overlap them.",
    )
    interface_endpoints: bool = Field(
        default=True,
        description="Private ways to the AWS services that the stack uses, billed by hour and "
        "zone; without them calls go out through NAT. An existing VPC may have its own.",
    )
    flow_logs: bool = Field(
        default=True, description="Log accepted and rejected connections of the VPC."
    )
    flow_log_retention_days: LogGroupDays = Field(
        default=365, description="Days that flow logs are kept."
    )

    @property
    def zone_count(self) -> int:
        """Zones with private subnets, in the stack's own VPC or the existing one."""
        return len(self.existing.private_subnet_ids) if self.existing else self.zones

    @model_validator(mode="after")
    def _own_or_existing(self) -> Self:
        names = {name: field.alias or name for name, field in type(self).model_fields.items()}
        given = {names[name] for name in self.model_fields_set}
        decided = [key for key in _OF_AN_OWN_VPC if key in given]
        if self.existing and decided:
            raise ValueError(
                f"existing stands beside {', '.join(decided)}, which an existing VPC has decided "
                "already; remove one or the other"
            )
        if not self.existing and not self.flow_logs:
            raise ValueError("flowLogs can be off only for an existing VPC that has its own")
        return self

    @model_validator(mode="after")
    def _room_for_subnets(self) -> Self:
        prefix = ipaddress.IPv4Network(self.cidr).prefixlen
        if not 16 <= prefix <= 20:
            raise ValueError(f"cidr {self.cidr} must be between /16 and /20")
        return self

    @model_validator(mode="after")
    def _zones_agree(self) -> Self:
        if not self.zone_names:
            return self
        if len(set(self.zone_names)) < len(self.zone_names):
            raise ValueError(f"zoneNames has a zone twice: {', '.join(self.zone_names)}")
        if len(self.zone_names) != self.zones:
            raise ValueError(
                f"zoneNames has {len(self.zone_names)} zones and zones is {self.zones}; make them "
                "agree"
            )
        return self
