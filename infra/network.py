"""The VPC: private subnets over the zones, a way out through NAT, a private way to S3."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.naming import Naming
from infra.setting_sections import NetworkSettings
from infra.subnets import plan_subnets


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    naming: Naming
    account: AwsAccount
    settings: NetworkSettings


class Network(pulumi.ComponentResource):
    """A VPC with public, private, data and edge subnets in each zone.

    Nothing in it gets a public address but the NAT gateways; the data subnets and those of the
    load balancer have no route to the internet at all; the default security group admits nothing.
    """

    vpc_id: pulumi.Output[str]
    cidr: str
    private_subnet_ids: list[pulumi.Output[str]]
    data_subnet_ids: list[pulumi.Output[str]]
    nat_gateway_ids: list[pulumi.Output[str]]
    edge_subnet_ids: list[pulumi.Output[str]]

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:network:Network", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        plan = plan_subnets(args.settings.cidr, len(args.account.zones))
        self.cidr = args.settings.cidr
        vpc = aws.ec2.Vpc(
            "vpc",
            cidr_block=self.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._named("vpc"),
            opts=self._child,
        )
        self.vpc_id = vpc.id
        aws.ec2.DefaultSecurityGroup(
            "closed-by-default",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=self._named("default-closed"),
            opts=self._child,
        )
        public = self._subnets("public", plan.public, {"kubernetes.io/role/elb": "1"})
        private = self._subnets("private", plan.private, {"kubernetes.io/role/internal-elb": "1"})
        data = self._subnets("data", plan.data, {})
        edge = self._subnets("edge", plan.edge, {})
        gateways = self.nat_gateway_ids = self._nat_gateways(public)
        private_tables = [
            self._table(f"private-{zone}", [subnet], nat_gateway_id=gateways[index % len(gateways)])
            for index, (zone, subnet) in enumerate(zip(args.account.zones, private, strict=True))
        ]
        data_table = self._table("data", data)
        self._table("edge", edge)
        aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.account.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in [*private_tables, data_table]],
            tags=self._named("s3"),
            opts=self._child,
        )
        self.private_subnet_ids = [subnet.id for subnet in private]
        self.data_subnet_ids = [subnet.id for subnet in data]
        self.edge_subnet_ids = [subnet.id for subnet in edge]
        self.register_outputs({"vpcId": self.vpc_id})

    def _named(self, part: str) -> dict[str, str]:
        return {"Name": self._args.naming.named(part)}

    def _subnets(
        self, kind: str, cidrs: tuple[str, ...], tags: dict[str, str]
    ) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{kind}-{zone}",
                vpc_id=self.vpc_id,
                cidr_block=cidr,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags={**self._named(f"{kind}-{zone}"), **tags},
                opts=self._child,
            )
            for zone, cidr in zip(self._args.account.zones, cidrs, strict=True)
        ]

    def _nat_gateways(self, public: list[aws.ec2.Subnet]) -> list[pulumi.Output[str]]:
        internet = aws.ec2.InternetGateway(
            "internet", vpc_id=self.vpc_id, tags=self._named("internet"), opts=self._child
        )
        self._table("public", public, gateway_id=internet.id)
        used = public if self._args.settings.nat_gateways == "perZone" else public[:1]
        gateways = []
        for zone, subnet in zip(self._args.account.zones, used, strict=False):
            address = aws.ec2.Eip(
                f"nat-{zone}", domain="vpc", tags=self._named(f"nat-{zone}"), opts=self._child
            )
            gateway = aws.ec2.NatGateway(
                f"nat-{zone}",
                subnet_id=subnet.id,
                allocation_id=address.id,
                tags=self._named(f"nat-{zone}"),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
            )
            gateways.append(gateway.id)
        return gateways

    def _table(
        self, name: str, subnets: list[aws.ec2.Subnet], **way_out: pulumi.Output[str]
    ) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(
            name, vpc_id=self.vpc_id, tags=self._named(name), opts=self._child
        )
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


@dataclass(frozen=True, kw_only=True)
class DataStorePlacement:
    """Where a database or a cache stands, and who may connect to it."""

    vpc_id: pulumi.Input[str]
    subnet_ids: list[pulumi.Output[str]]
    client_security_group_id: pulumi.Input[str]


def data_store_security_group(
    name: str, naming: Naming, placement: DataStorePlacement, port: int, parent: pulumi.Resource
) -> aws.ec2.SecurityGroup:
    """Make a group that admits the cluster's nodes and pods to one port, and lets nothing out."""
    child = pulumi.ResourceOptions(parent=parent)
    group = aws.ec2.SecurityGroup(
        name,
        name=naming.named(name),
        description="Reached from the cluster's nodes and pods only",
        vpc_id=placement.vpc_id,
        tags={"Name": naming.named(name)},
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-cluster",
        security_group_id=group.id,
        referenced_security_group_id=placement.client_security_group_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        opts=child,
    )
    return group
