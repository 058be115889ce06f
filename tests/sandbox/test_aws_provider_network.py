"""The network, made by the real engine in moto: one of the stack's own, and an existing one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pytest
from moto_client import client
from stacks import Outcome, Refused, Stack, serving

from infra.aws_account import connect
from infra.naming import Naming
from infra.network import Network, NetworkArgs
from infra.settings import Settings
from sandbox.providers.aws import AwsProvider, functions, local_moto
from sandbox.providers.aws.session import Clients, Session

BEDROCK_MODEL = {
    "name": "haiku",
    "tier": "$",
    "provider": "bedrock",
    "deployments": [{"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}],
}


def network(**settings: Any) -> Callable[[], None]:
    def resources() -> None:
        parsed = Settings.model_validate(
            {
                "aws": {"endpoint": local_moto.endpoint()},
                "network": settings,
                "models": [BEDROCK_MODEL],
            }
        )
        naming = Naming(stack="test")
        account = connect(parsed.aws, naming)
        args = NetworkArgs(
            naming=naming,
            account=account,
            settings=parsed,
            log_key_arn=f"arn:aws:kms:us-east-1:{account.account_id}:key/logs",
        )
        Network("network", args, pulumi.ResourceOptions(provider=account.provider))

    return resources


@pytest.fixture(scope="module")
def stack_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stack]]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        yield lambda name: Stack(tmp_path_factory.mktemp(name) / "stack", debug_providers)


def present_endpoints() -> list[dict[str, Any]]:
    """Endpoints that are not deleted, which stay to be seen for a while."""
    found = client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    return [one for one in found if one["State"] != "deleted"]


@dataclass
class Story:
    """What the engine did with a network of the stack's own."""

    first: Outcome
    second: Outcome
    refreshed: Outcome
    endpoints: list[dict[str, Any]]
    flow_logs: list[dict[str, Any]]
    fewer: Outcome
    left: list[str]


@pytest.fixture(scope="module")
def story(stack_of: Callable[[str], Stack]) -> Story:
    stack, program = stack_of("own"), network()
    first, second, refreshed = stack.up(program), stack.up(program), stack.refresh(program)
    ec2 = client("ec2")
    endpoints = present_endpoints()
    flow_logs = ec2.describe_flow_logs()["FlowLogs"]
    fewer = stack.up(network(interfaceEndpoints=False, flowLogRetentionDays=30))
    stack.destroy(network())
    left = [one["VpcEndpointId"] for one in present_endpoints()]
    left += [one["FlowLogId"] for one in ec2.describe_flow_logs()["FlowLogs"]]
    left += [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]]
    left += [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]]
    left += [one["RoleName"] for one in client("iam").list_roles()["Roles"]]
    return Story(first, second, refreshed, endpoints, flow_logs, fewer, left)


def test_a_second_up_of_a_network_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_of_a_network_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_interface_endpoints_have_the_usual_names_and_stand_in_every_zone(story: Story) -> None:
    interfaces = [one for one in story.endpoints if one["VpcEndpointType"] == "Interface"]
    services = {one["ServiceName"].removeprefix("com.amazonaws.us-east-1.") for one in interfaces}
    assert {"bedrock-runtime", "secretsmanager", "sts", "ecr.dkr"} <= services
    assert all(one["PrivateDnsEnabled"] and len(one["SubnetIds"]) == 3 for one in interfaces)


def test_storage_is_reached_from_private_and_data_subnets(story: Story) -> None:
    (storage,) = [one for one in story.endpoints if one["VpcEndpointType"] == "Gateway"]
    assert len(storage["RouteTableIds"]) == 4


def test_flow_logs_hold_accepted_and_rejected_connections(story: Story) -> None:
    (flow_log,) = story.flow_logs
    assert flow_log["TrafficType"] == "ALL"
    assert flow_log["LogDestination"].endswith(":log-group:/aws/vpc/litellm-test/flow-logs")


def test_turning_endpoints_off_deletes_them_and_replaces_nothing(story: Story) -> None:
    assert "sts" in story.fewer.named("delete")
    assert story.fewer.named("update") == {"flow-logs"}
    assert not story.fewer.named("replace", "create-replacement", "create")


def test_a_destroyed_network_leaves_nothing(story: Story) -> None:
    assert story.left == []


@dataclass
class Vpc:
    id: str
    private: list[str]
    public: str


@pytest.fixture(scope="module")
def vpc() -> Iterator[Vpc]:
    """A VPC of somebody else, with two private subnets and a public one."""
    ec2 = client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)

    def subnet(index: int, zone: str) -> str:
        made = ec2.create_subnet(
            VpcId=vpc_id, CidrBlock=f"10.90.{index}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )
        return str(made["Subnet"]["SubnetId"])

    private, public = [subnet(0, "a"), subnet(1, "b")], subnet(2, "c")
    table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=public)["AssociationId"]
    yield Vpc(vpc_id, private, public)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    for one in [*private, public]:
        ec2.delete_subnet(SubnetId=one)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc_id)


def existing(vpc_id: str, subnets: list[str], **more: Any) -> dict[str, Any]:
    return {"existing": {"vpcId": vpc_id, "privateSubnetIds": subnets}, **more}


def test_a_stack_lives_in_an_existing_vpc_without_making_one(
    stack_of: Callable[[str], Stack], vpc: Vpc
) -> None:
    stack, program = stack_of("guest"), network(**existing(vpc.id, vpc.private))
    made = stack.up(program).named("create")
    endpoints = present_endpoints()
    stack.destroy(program)
    assert {"s3", "sts", "flow-logs"} <= made
    assert "vpc" not in made
    assert {one["VpcId"] for one in endpoints} == {vpc.id}


def refusal(stack: Stack, **settings: Any) -> str:
    with pytest.raises(Refused) as refused:
        stack.preview(network(**settings))
    return str(refused.value)


def test_all_that_is_wrong_with_an_existing_vpc_is_told_at_once(
    stack_of: Callable[[str], Stack], vpc: Vpc
) -> None:
    subnets = [vpc.private[0], vpc.public, "subnet-0123456789abcdef0"]
    settings = existing(vpc.id, subnets, reservedCidrs=["10.90.0.0/20"])
    told = refusal(stack_of("wrong"), **settings)
    assert "has 3 errors" in told
    assert f"privateSubnetIds: subnet-0123456789abcdef0 is not a subnet of {vpc.id}" in told
    assert f"{vpc.public} is public: its routes lead to an internet gateway" in told
    assert "network.reservedCidrs[0]: 10.90.0.0/20 overlaps 10.90.0.0/16" in told


def test_a_vpc_that_does_not_exist_is_told(stack_of: Callable[[str], Stack], vpc: Vpc) -> None:
    told = refusal(stack_of("nowhere"), **existing("vpc-0123456789abcdef0", vpc.private))
    assert "network.existing.vpcId: there is no VPC vpc-0123456789abcdef0" in told


@pytest.mark.parametrize("zone", ["us-east-1e", "us-east-1z"])
def test_a_zone_that_takes_no_cluster_is_told_with_those_that_do(
    stack_of: Callable[[str], Stack], zone: str
) -> None:
    settings: dict[str, Any] = {"zones": 2, "zoneNames": ["us-east-1a", zone]}
    told = refusal(stack_of(f"zone-{zone}"), **settings)
    assert f"network.zoneNames[1]: {zone} is not to be had; zones of us-east-1" in told
    assert "us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1f" in told


def issuer(arn: str) -> str:
    configuration = {"endpoints": [dict.fromkeys(("iam", "sts"), local_moto.endpoint())]}
    session = Session(configuration, Clients(), local_moto.endpoint)
    token = "aws:iam/getSessionContext:getSessionContext"
    return str(functions.invoke(session, token, {"arn": arn})["issuerArn"])


def test_the_role_behind_a_session_keeps_its_path() -> None:
    iam, path = client("iam"), "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    made = iam.create_role(RoleName="sso", Path=path, AssumeRolePolicyDocument="{}")["Role"]
    found = issuer("arn:aws:sts::123456789012:assumed-role/sso/alice@example.com")
    iam.delete_role(RoleName="sso")
    assert found == made["Arn"] == f"arn:aws:iam::123456789012:role{path}sso"


def test_a_user_is_who_it_is() -> None:
    user = "arn:aws:iam::123456789012:user/alice"
    assert issuer(user) == user
