"""What the AWS provider refuses before anything is made, asked over its own protocol."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc as rpc
from stacks import serving

from sandbox.providers.aws import AwsProvider
from sandbox.providers.properties import UNKNOWN, Secret, decode, encode

Check = Callable[[str, dict[str, Any]], dict[str, str]]

BUCKET_RULES = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
CLUSTER = "aws:eks/cluster:Cluster"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
SUBNET = "aws:ec2/subnet:Subnet"
KEY = "aws:kms/key:Key"
GOOD_CLUSTER = {
    "name": "gateway",
    "roleArn": "arn:aws:iam::123456789012:role/cluster",
    "vpcConfig": {"subnetIds": ["subnet-1"]},
}

USER = {"userId": "u", "userName": "u", "engine": "valkey", "accessString": "on"}
LISTENER = {
    "loadBalancerArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1",
    "protocol": "HTTP",
    "defaultActions": [{"type": "fixed-response"}],
}


@pytest.fixture(scope="module")
def provider() -> Iterator[rpc.ResourceProviderStub]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        port = debug_providers.partition(":")[2]
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield rpc.ResourceProviderStub(channel)


@pytest.fixture(scope="module")
def check(provider: rpc.ResourceProviderStub) -> Check:
    """Checks inputs and returns what is wrong with them, by property."""

    def failures(kind: str, inputs: dict[str, Any]) -> dict[str, str]:
        answer = provider.Check(pb.CheckRequest(urn=_urn(kind), news=encode(inputs)))
        return {failure.property: failure.reason for failure in answer.failures}

    return failures


def _urn(kind: str) -> str:
    return f"urn:pulumi:test::checks::{kind}::name"


def test_correct_inputs_pass(check: Check) -> None:
    assert check(CLUSTER, GOOD_CLUSTER) == {}


def test_a_type_that_the_table_lacks_is_named(check: Check) -> None:
    (reason,) = check("aws:sqs/queue:Queue", {}).values()
    assert "aws:sqs/queue:Queue is not known" in reason


def test_a_property_that_nobody_knows_is_named_with_its_type(check: Check) -> None:
    failures = check(LOG_GROUP, {"name": "logs", "retentionDays": 3})
    assert failures == {"retentionDays": f"{LOG_GROUP}: retentionDays is not a known property"}


def test_a_property_that_only_the_real_provider_knows_is_refused(check: Check) -> None:
    reason = check("aws:s3/bucket:Bucket", {"bucket": "logs", "acl": "private"})["acl"]
    assert "a property that the sandbox's table does not know yet" in reason


def test_a_nested_property_that_nobody_knows_is_named_by_its_path(check: Check) -> None:
    inputs = {"bucket": "logs", "rules": [{"status": "Enabled", "expiry": {"days": 3}}]}
    assert set(check(BUCKET_RULES, inputs)) == {"rules[0].expiry"}


def test_a_wrong_enumeration_value_is_told_with_the_right_ones(check: Check) -> None:
    inputs = {"bucket": "logs", "rules": [{"status": "on"}]}
    reason = check(BUCKET_RULES, inputs)["rules[0].status"]
    assert "is not one of Enabled, Disabled" in reason


def test_a_value_against_the_pattern_is_told_with_the_pattern(check: Check) -> None:
    reason = check(CLUSTER, {**GOOD_CLUSTER, "name": "no spaces please"})["name"]
    assert "does not match the pattern" in reason


def test_a_list_below_the_limit_is_told_with_the_limit(check: Check) -> None:
    inputs = {**USER, "authenticationMode": {"type": "password", "passwords": []}}
    reason = check("aws:elasticache/user:User", inputs)["authenticationMode.passwords"]
    assert "has a size of 0, the least is 1" in reason


def test_a_number_beyond_the_limit_is_told_with_the_limit(check: Check) -> None:
    reason = check("aws:lb/listener:Listener", {**LISTENER, "port": 70000})["port"]
    assert "is 70000, the most is 65535" in reason


def test_a_text_beyond_the_limit_is_told_with_the_limit(check: Check) -> None:
    reason = check(KEY, {"description": "x" * 8193})["description"]
    assert "has a length of 8193, the most is 8192" in reason


def test_a_value_of_the_wrong_type_is_told(check: Check) -> None:
    reason = check(SUBNET, {"vpcId": "vpc-1", "mapPublicIpOnLaunch": "perhaps"})
    assert "is a string, expected true or false" in reason["mapPublicIpOnLaunch"]


def test_a_missing_parameter_is_told(check: Check) -> None:
    assert "is required and missing" in check(SUBNET, {"cidrBlock": "10.0.0.0/24"})["vpcId"]


def test_a_missing_nested_parameter_is_told_by_its_path(check: Check) -> None:
    inputs = {"bucket": "logs", "rules": [{"id": "age"}]}
    assert "is required and missing" in check(BUCKET_RULES, inputs)["rules[0].status"]


def test_all_that_is_wrong_is_told_at_once(check: Check) -> None:
    inputs = {**GOOD_CLUSTER, "name": "no spaces", "colour": "red", "version": 3}
    del inputs["roleArn"]
    assert set(check(CLUSTER, inputs)) >= {"name", "colour", "roleArn"}


def test_values_that_are_not_known_yet_pass(check: Check) -> None:
    inputs = {
        "name": UNKNOWN,
        "roleArn": UNKNOWN,
        "vpcConfig": {"subnetIds": [UNKNOWN, "subnet-1"]},
    }
    assert check(CLUSTER, inputs) == {}


def test_a_refused_secret_is_not_repeated(check: Check) -> None:
    failures = check(
        "aws:elasticache/user:User",
        {
            **USER,
            "authenticationMode": {"type": "password", "passwords": [Secret("too-short")]},
        },
    )
    assert "authenticationMode" in failures
    assert "too-short" not in str(failures)


def test_secret_inputs_stay_secret_through_the_check(provider: rpc.ResourceProviderStub) -> None:
    news = encode({"secretId": "s", "secretString": Secret("hidden")})
    kind = "aws:secretsmanager/secretVersion:SecretVersion"
    answer = provider.Check(pb.CheckRequest(urn=_urn(kind), news=news))
    assert decode(answer.inputs)["secretString"] == Secret("hidden")


def test_the_preview_and_the_update_choose_the_same_automatic_name(
    provider: rpc.ResourceProviderStub,
) -> None:
    request = pb.CheckRequest(urn=_urn(LOG_GROUP), randomSeed=b"seed")
    names = {decode(provider.Check(request).inputs)["name"] for _ in range(2)}
    assert len(names) == 1


def test_a_database_without_a_local_server_is_refused(check: Check) -> None:
    inputs = {
        "engine": "mysql",
        "username": "admin",
        "allocatedStorage": 20,
        "instanceClass": "db.t4g.micro",
    }
    assert "the sandbox runs postgres only" in check("aws:rds/instance:Instance", inputs)["engine"]


def test_a_function_that_the_table_lacks_is_named(provider: rpc.ResourceProviderStub) -> None:
    with pytest.raises(grpc.RpcError, match="aws:ec2/getAmi:getAmi is not known"):
        provider.Invoke(pb.InvokeRequest(tok="aws:ec2/getAmi:getAmi"))


@pytest.mark.parametrize(
    ("kind", "name", "before", "after", "replaces"),
    [
        (LOG_GROUP, "retentionInDays", 30, 90, False),
        (LOG_GROUP, "name", "one", "two", True),
        (SUBNET, "cidrBlock", "10.0.0.0/24", "10.0.1.0/24", True),
        (SUBNET, "mapPublicIpOnLaunch", False, True, False),
        ("aws:rds/instance:Instance", "instanceClass", "db.t4g.micro", "db.t4g.small", False),
        ("aws:rds/instance:Instance", "engine", "postgres", "aurora-postgresql", True),
        ("aws:elasticache/user:User", "accessString", "on", "off", False),
        ("aws:lb/loadBalancer:LoadBalancer", "internal", True, False, True),
        ("aws:lb/loadBalancer:LoadBalancer", "idleTimeout", 60, 300, False),
        ("aws:eks/cluster:Cluster", "version", "1.34", "1.35", False),
        ("aws:eks/accessEntry:AccessEntry", "principalArn", "a", "b", True),
        (SUBNET, "vpcId", "vpc-1", UNKNOWN, True),
    ],
)
def test_a_change_replaces_what_aws_cannot_change(
    provider: rpc.ResourceProviderStub,
    kind: str,
    name: str,
    before: Any,
    after: Any,
    replaces: bool,
) -> None:
    answer = provider.Diff(
        pb.DiffRequest(
            urn=_urn(kind),
            id="id",
            old_inputs=encode({name: before}),
            olds=encode({name: before}),
            news=encode({name: after}),
        )
    )
    assert answer.diffs == [name]
    assert list(answer.replaces) == ([name] if replaces else [])


def test_a_document_with_other_white_space_is_no_change(
    provider: rpc.ResourceProviderStub,
) -> None:
    answer = provider.Diff(
        pb.DiffRequest(
            urn=_urn("aws:iam/policy:Policy"),
            id="id",
            old_inputs=encode({"policy": '{"Version": "2012-10-17"}'}),
            news=encode({"policy": '{"Version":"2012-10-17"}'}),
        )
    )
    assert answer.changes == pb.DiffResponse.DIFF_NONE


def test_a_value_that_aws_chose_stays_when_the_program_says_nothing(
    provider: rpc.ResourceProviderStub,
) -> None:
    answer = provider.Diff(
        pb.DiffRequest(
            urn=_urn(SUBNET),
            id="id",
            old_inputs=encode({"vpcId": "vpc-1", "availabilityZone": "us-east-1a"}),
            news=encode({"vpcId": "vpc-1"}),
        )
    )
    assert answer.changes == pb.DiffResponse.DIFF_NONE
