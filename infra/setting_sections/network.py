"""The VPC."""

import ipaddress
from typing import Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Cidr, Section


class NetworkSettings(Section):
    cidr: Cidr = Field(default="10.40.0.0/16", description="Address space of the VPC, /16 to /20.")
    zones: Literal[2, 3] = Field(
        default=3, description="Availability zones that get one public and one private subnet each."
    )
    nat_gateways: Literal["one", "perZone"] = Field(
        default="one",
        description="`one` costs least; `perZone` keeps the way out when a zone is lost.",
    )

    @model_validator(mode="after")
    def _room_for_subnets(self) -> Self:
        prefix = ipaddress.IPv4Network(self.cidr).prefixlen
        if not 16 <= prefix <= 20:
            raise ValueError(f"cidr {self.cidr} must be between /16 and /20")
        return self
