"""The network of a stack: a VPC of its own or an existing one, with private ways to AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.capacity import address_problems
from infra.existing_network import find_network
from infra.flow_logs import FlowLogs, FlowLogsArgs
from infra.naming import Naming
from infra.setting_sections import ExistingNetworkSettings
from infra.settings import Settings, SettingsError
from infra.subnets import SubnetPlan
from infra.vpc import OwnVpc, VpcArgs
from infra.vpc_endpoints import EndpointsArgs, InterfaceEndpoints, storage_endpoint
from infra.zones import choose_zones


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    log_key_arn: pulumi.Input[str]
    bedrock_accounts: tuple[str, ...] = ()
    """Further accounts whose roles call Bedrock from this network."""


class Network(pulumi.ComponentResource):
    """Subnets for nodes, data stores and the load balancer, none of them public.

    A gateway endpoint leads to S3 and, where they are on, interface endpoints to the other services
    in use; accepted and rejected connections are logged. What an existing VPC lacks is an error
    (SettingsError) before anything is created.
    """

    vpc_id: pulumi.Output[str]
    cidr: str
    zones: tuple[str, ...]
    """Zones of the private subnets, in their order."""
    plan: SubnetPlan
    private_subnet_ids: list[pulumi.Output[str]]
    data_subnet_ids: list[pulumi.Output[str]]
    edge_subnet_ids: list[pulumi.Output[str]]
    nat_gateway_ids: list[pulumi.Output[str]]
    """None in an existing VPC, whose way out is its owner's."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:network:Network", name, None, opts)
        self._ways_out: list[aws.ec2.NatGateway] = []
        settings = args.settings.network
        existing = settings.existing
        tables = self._use(existing, args) if existing else self._make(args)
        endpoints = EndpointsArgs(
            naming=args.naming,
            account=args.account,
            vpc_id=self.vpc_id,
            subnet_ids=self.private_subnet_ids,
            zones=self.zones,
            client_cidrs=self.plan.private,
            with_bedrock="bedrock" in args.settings.providers_in_use,
            bedrock_accounts=args.bedrock_accounts,
        )
        if tables:
            storage_endpoint(endpoints, tables, self)
        if settings.interface_endpoints:
            # Last: pods need them, and the engine works at so many resources at a time only, of
            # which the database is to be one.
            last = pulumi.ResourceOptions(parent=self, depends_on=self._ways_out)
            InterfaceEndpoints("endpoints", endpoints, last)
        if settings.flow_logs:
            FlowLogs(
                "flow-logs",
                FlowLogsArgs(
                    naming=args.naming,
                    account=args.account,
                    vpc_id=self.vpc_id,
                    retention_days=settings.flow_log_retention_days,
                    key_arn=args.log_key_arn,
                ),
                pulumi.ResourceOptions(parent=self),
            )
        self.nat_gateway_ids = [gateway.id for gateway in self._ways_out]
        self.register_outputs({"vpcId": self.vpc_id})

    def _make(self, args: NetworkArgs) -> list[pulumi.Output[str]]:
        settings = args.settings.network
        lookups = pulumi.InvokeOptions(provider=args.account.provider)
        self.zones = choose_zones(settings, args.account.region, lookups)
        vpc_args = VpcArgs(
            naming=args.naming,
            settings=settings,
            zones=self.zones,
            balancer_reaches_out=args.settings.sign_in.method == "loadBalancer",
        )
        vpc = OwnVpc(vpc_args, self)
        self.vpc_id, self.cidr, self.plan = vpc.id, settings.cidr, vpc.plan
        self._ways_out = vpc.ways_out
        self.private_subnet_ids = vpc.private_subnet_ids
        self.data_subnet_ids = vpc.data_subnet_ids
        self.edge_subnet_ids = vpc.edge_subnet_ids
        return vpc.tables_to_storage

    def _use(
        self, existing: ExistingNetworkSettings, args: NetworkArgs
    ) -> list[pulumi.Output[str]]:
        apart_from = {"cluster.serviceCidr": args.settings.cluster.service_cidr}
        for index, cidr in enumerate(args.settings.network.reserved_cidrs):
            apart_from[f"network.reservedCidrs[{index}]"] = cidr
        found = find_network(
            existing,
            apart_from,
            pulumi.InvokeOptions(provider=args.account.provider),
        )
        if problems := list(address_problems(args.settings, found.plan.private)):
            raise SettingsError(pulumi.get_stack(), problems)
        self.vpc_id = pulumi.Output.from_input(existing.vpc_id)
        self.cidr, self.plan = found.cidr, found.plan
        self.zones = tuple(subnet.zone for subnet in found.private)
        self.private_subnet_ids, self.data_subnet_ids, self.edge_subnet_ids = (
            [pulumi.Output.from_input(subnet.id) for subnet in kind]
            for kind in (found.private, found.data, found.edge)
        )
        if existing.has_storage_endpoint:
            return []
        tables = dict.fromkeys(subnet.route_table_id for subnet in (*found.private, *found.data))
        return [pulumi.Output.from_input(table) for table in tables]


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
        # A group in use cannot be deleted, so that its successor stands beside it.
        name_prefix=f"{naming.named(name)}-",
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
