"""Rules on single resources, checked against figures that AWS has published."""

from typing import Any

import pytest

from infra.settings import Settings
from ops.cost.estimate import Estimate, estimate
from ops.cost.lines import CannotPrice, Costs, Item
from ops.cost.prices import HOURS_PER_MONTH, load_prices
from ops.cost.rules import RULES
from ops.cost.rules.network import capacity_units
from ops.cost.rules.storage import billed_kilobytes, tiers
from ops.cost.usage import Usage, load_usage
from sandbox.planned_resources import UNKNOWN, Plan, PlannedResource


def resource(resource_type: str, name: str = "one", **inputs: Any) -> PlannedResource:
    return PlannedResource(
        urn=f"urn:pulumi:test::litellm-gateway::{resource_type}::{name}",
        type=resource_type,
        name=name,
        custom=True,
        inputs=inputs,
        waits_for=frozenset(),
    )


def costs(*resources: PlannedResource, **usage: float) -> Costs:
    assumed = {**load_usage("dev", {}).model_dump(), **usage}
    return Costs(
        plan=Plan(resources=resources, configuration={}),
        settings=Settings(),
        usage=Usage.model_validate(assumed),
        prices=load_prices(),
    )


def items(given: PlannedResource, **usage: float) -> list[Item]:
    return list(RULES[given.type](given, costs(given, **usage)))


def monthly(given: PlannedResource, part: str | None = None, **usage: float) -> float:
    return sum(item.monthly for item in items(given, **usage) if part in (None, item.part))


# The table of AWS's guidance for its EKS variant (README of
# aws-solutions-library-samples/guidance-for-multi-provider-generative-ai-gateway-on-aws).


def test_a_control_plane_costs_what_aws_says() -> None:
    assert monthly(resource("aws:eks/cluster:Cluster", version="1.35")) == pytest.approx(73.00)


def test_a_nat_gateway_with_its_address_and_100_gb_cost_what_aws_says() -> None:
    gateway = resource("aws:ec2/natGateway:NatGateway")
    address = resource("aws:ec2/eip:Eip")
    through = monthly(
        gateway,
        requests_per_day=100e6 / 80 / (365 / 12),
        node_launches_per_month=0,
        rollouts_per_month=0,
    )
    # AWS's 50.00 has 9.00 for 100 GB out to the internet beside these.
    assert through + monthly(address) == pytest.approx(50.00 - 100 * 0.09, abs=0.01)


def test_a_load_balancer_with_a_terabyte_a_month_costs_what_aws_says() -> None:
    requests_per_day = 1024e6 / 80 / (365 / 12)
    total = monthly(
        resource("aws:lb/loadBalancer:LoadBalancer", internal=True),
        requests_per_day=requests_per_day,
        stream_seconds=1,
    )
    assert total == pytest.approx(24.62, abs=0.01)


def test_five_secrets_with_a_million_calls_cost_what_aws_says() -> None:
    secrets = [resource("aws:secretsmanager/secret:Secret", str(index)) for index in range(5)]
    priced = costs(*secrets, secret_reads_per_month=1e6)
    total = sum(item.monthly for secret in secrets for item in RULES[secret.type](secret, priced))
    assert total == pytest.approx(7.00)


def test_a_key_with_a_million_requests_costs_what_aws_says() -> None:
    key = resource("aws:kms/key:Key")
    assert monthly(key, kms_requests_per_month=1e6) == pytest.approx(4.00)


def test_a_web_acl_with_two_rules_costs_what_aws_says() -> None:
    acl = resource("aws:wafv2/webAcl:WebAcl", rules=[{}, {}])
    assert monthly(acl, "fixed") == pytest.approx(7.00)


def test_two_cache_nodes_cost_what_aws_says() -> None:
    cache = resource(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        engine="redis",
        nodeType="cache.t3.micro",
        numCacheClusters=2,
    )
    assert monthly(cache) == pytest.approx(24.82)


def test_the_capacity_units_of_the_example_of_aws() -> None:
    # aws.amazon.com/elasticloadbalancing/pricing, Application Load Balancer, example 1: one new
    # connection a second of two minutes, 5 requests a second, 300 KB a second, 60 rules.
    units = capacity_units(
        connections_per_second=1,
        active_connections=120,
        gigabytes_per_hour=1.08,
        requests_per_second=5,
        rules=60,
    )
    assert units == pytest.approx(1.08)
    hourly = load_prices()["elb.application.hour"].amount
    capacity = load_prices()["elb.application.capacity"].amount
    assert hourly + units * capacity == pytest.approx(0.03114)


def test_a_version_out_of_standard_support_costs_six_times_as_much() -> None:
    assert monthly(resource("aws:eks/cluster:Cluster", version="1.33")) == pytest.approx(438.00)


def test_a_version_that_nothing_is_known_of_is_not_priced() -> None:
    with pytest.raises(CannotPrice, match=r"1\.99"):
        items(resource("aws:eks/cluster:Cluster", version="1.99"))


def test_a_standby_doubles_instance_and_storage() -> None:
    given = {"instanceClass": "db.t4g.small", "allocatedStorage": 20}
    single = resource("aws:rds/instance:Instance", **given)
    double = resource("aws:rds/instance:Instance", **given, multiAz=True)
    assert monthly(single) == pytest.approx(0.032 * HOURS_PER_MONTH + 20 * 0.115)
    assert monthly(double) == pytest.approx(2 * monthly(single))


def test_an_interface_endpoint_is_paid_in_each_zone() -> None:
    endpoint = resource(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        vpcEndpointType="Interface",
        serviceName="com.amazonaws.us-east-1.sts",
        subnetIds=[UNKNOWN, UNKNOWN, UNKNOWN],
    )
    assert monthly(endpoint) == pytest.approx(3 * 7.30)


def test_a_gateway_endpoint_is_free() -> None:
    assert items(resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Gateway")) == []


def test_what_the_preview_does_not_know_is_never_a_price() -> None:
    with pytest.raises(CannotPrice, match="instanceClass is not known"):
        items(resource("aws:rds/instance:Instance", instanceClass=UNKNOWN))


def test_traffic_to_providers_goes_through_their_endpoint_where_there_is_one() -> None:
    gateway = resource("aws:ec2/natGateway:NatGateway")
    endpoint = resource(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        vpcEndpointType="Interface",
        serviceName="com.amazonaws.us-east-1.bedrock-runtime",
        subnetIds=[UNKNOWN],
    )
    without = list(RULES[gateway.type](gateway, costs(gateway)))[1]
    beside = list(RULES[gateway.type](gateway, costs(gateway, endpoint)))[1]
    assert without.quantity - beside.quantity == pytest.approx(costs().usage.provider_gigabytes)


def test_objects_are_where_the_lifecycle_puts_them() -> None:
    steps = tiers([(30, "STANDARD_IA"), (90, "GLACIER_IR"), (365, "DEEP_ARCHIVE")], 730)
    held = {tier.storage_class: tier.months(2 * 365) for tier in steps}
    month = 365 / 12
    assert held == pytest.approx(
        {
            "STANDARD": 30 / month,
            "STANDARD_IA": 60 / month,
            "GLACIER_IR": 275 / month,
            "DEEP_ARCHIVE": 365 / month,
        }
    )
    assert sum(tier.months(45) for tier in steps) == pytest.approx(45 / month)


@pytest.mark.parametrize(
    ("storage_class", "kilobytes"),
    [("STANDARD", 12), ("STANDARD_IA", 128), ("GLACIER_IR", 128), ("DEEP_ARCHIVE", 44)],
)
def test_small_objects_are_billed_as_larger_ones(storage_class: str, kilobytes: float) -> None:
    assert billed_kilobytes(storage_class, 12) == kilobytes


def estimate_of(given: PlannedResource, plans: dict[str, Plan]) -> Estimate:
    plan = Plan(resources=(given,), configuration=plans["dev"].configuration)
    return estimate("dev", plan, load_usage("dev", {}), load_prices())


def test_an_unknown_type_is_reported_and_adds_nothing(plans: dict[str, Plan]) -> None:
    found = estimate_of(resource("aws:quantum/computer:Computer"), plans)
    assert found.monthly() == 0
    assert [each.reason for each in found.unknown] == ["no rule for aws:quantum/computer:Computer"]


def test_a_chart_whose_pods_nobody_knows_is_reported(plans: dict[str, Plan]) -> None:
    found = estimate_of(resource("kubernetes:helm.sh/v3:Release", "queue", chart="kafka"), plans)
    assert "kafka" in found.unknown[0].reason
