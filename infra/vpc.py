"""A VPC of the stack's own: subnets over the zones and a way out through NAT."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.naming import Naming
from infra.setting_sections import NetworkSettings
from infra.subnets import plan_subnets


@dataclass(frozen=True, kw_only=True)
class VpcArgs:
    naming: Naming
    settings: NetworkSettings
    zones: tuple[str, ...]
    balancer_reaches_out: bool = False
    """Whether the load balancer asks an issuer on the internet who signs in."""


class OwnVpc:
    """Public, private, data and edge subnets in each zone, as children of the network.

    Nothing in it gets a public address but the NAT gateways; the data subnets have no route to the
    internet at all, those of the load balancer only where it has to ask an issuer there; the
    default security group admits nothing.
    """

    def __init__(self, args: VpcArgs, parent: pulumi.Resource) -> None:
        self._args = args
        self._parent = parent
        self._child = pulumi.ResourceOptions(parent=parent)
        self.plan = plan_subnets(args.settings.cidr, len(args.zones))
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=args.settings.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._named("vpc"),
            opts=self._child,
        )
        self.id = vpc.id
        aws.ec2.DefaultSecurityGroup(
            "closed-by-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=self._named("default-closed"),
            opts=self._child,
        )
        public = self._subnets("public", self.plan.public, {"kubernetes.io/role/elb": "1"})
        private = self._subnets(
            "private", self.plan.private, {"kubernetes.io/role/internal-elb": "1"}
        )
        data = self._subnets("data", self.plan.data, {})
        edge = self._subnets("edge", self.plan.edge, {})
        self.ways_out = self._nat_gateways(public)
        gateways = [gateway.id for gateway in self.ways_out]
        tables = [
            self._table(f"private-{zone}", [subnet], nat_gateway_id=gateways[index % len(gateways)])
            for index, (zone, subnet) in enumerate(zip(args.zones, private, strict=True))
        ]
        tables.append(self._table("data", data))
        way_out = {"nat_gateway_id": gateways[0]} if args.balancer_reaches_out else {}
        self._table("edge", edge, **way_out)
        self.tables_to_storage = [table.id for table in tables]
        self.private_subnet_ids = [subnet.id for subnet in private]
        self.data_subnet_ids = [subnet.id for subnet in data]
        self.edge_subnet_ids = [subnet.id for subnet in edge]

    def _named(self, part: str) -> dict[str, str]:
        return {"Name": self._args.naming.named(part)}

    def _subnets(
        self, kind: str, cidrs: tuple[str, ...], tags: dict[str, str]
    ) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{kind}-{zone}",
                vpc_id=self.id,
                cidr_block=cidr,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={**self._named(f"{kind}-{zone}"), **tags},
                opts=self._child,
            )
            for zone, cidr in zip(self._args.zones, cidrs, strict=True)
        ]

    def _nat_gateways(self, public: list[aws.ec2.Subnet]) -> list[aws.ec2.NatGateway]:
        internet = aws.ec2.InternetGateway(
            "internet", vpc_id=self.id, tags=self._named("internet"), opts=self._child
        )
        self._table("public", public, gateway_id=internet.id)
        used = public if self._args.settings.nat_gateways == "perZone" else public[:1]
        gateways = []
        for zone, subnet in zip(self._args.zones, used, strict=False):
            address = aws.ec2.Eip(
                f"nat-{zone}", domain="vpc", tags=self._named(f"nat-{zone}"), opts=self._child
            )
            gateway = aws.ec2.NatGateway(
                f"nat-{zone}",
                subnet_id=subnet.id,
                allocation_id=address.id,
                tags=self._named(f"nat-{zone}"),
                opts=pulumi.ResourceOptions(parent=self._parent, depends_on=[internet]),
            )
            gateways.append(gateway)
        return gateways

    def _table(
        self, name: str, subnets: list[aws.ec2.Subnet], **way_out: pulumi.Output[str]
    ) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(name, vpc_id=self.id, tags=self._named(name), opts=self._child)
        if way_out:
            aws.ec2.Route(
                f"{name}-out",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                opts=self._child,
                **way_out,
            )
        for index, subnet in enumerate(subnets):
            aws.ec2.RouteTableAssociation(
                f"{name}-{index}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child
            )
        return table
