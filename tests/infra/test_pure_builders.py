"""Arithmetic and documents, without an engine."""

import ipaddress
import json
from itertools import combinations

import pytest

from infra.bedrock_access import BedrockAccount, bedrock_statements
from infra.certificate_authorities import amazon_rds_authority
from infra.iam_policies import Document, service_account_trust
from infra.model_catalogue import Model
from infra.naming import Naming
from infra.secret_families import database_user, kept_epochs
from infra.setting_sections import BedrockSettings
from infra.subnets import plan_subnets


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "10.0.0.0/18", "172.16.16.0/20"])
def test_subnets_stay_within_the_vpc_and_never_overlap(cidr: str) -> None:
    plan = plan_subnets(cidr, 3)
    cidrs = plan.private + plan.public + plan.data + plan.edge
    networks = [ipaddress.IPv4Network(n) for n in cidrs]
    assert all(network.subnet_of(ipaddress.IPv4Network(cidr)) for network in networks)
    assert not any(a.overlaps(b) for a, b in combinations(networks, 2))


def test_pods_get_most_of_the_address_space() -> None:
    plan = plan_subnets("10.0.0.0/16", 3)
    assert plan.private == ("10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18")
    assert plan.data == ("10.0.204.0/22", "10.0.208.0/22", "10.0.212.0/22")
    assert plan.edge == ("10.0.216.0/22", "10.0.220.0/22", "10.0.224.0/22")


def test_the_smallest_vpc_has_subnets_that_are_large_enough_for_a_load_balancer() -> None:
    # docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
    plan = plan_subnets("10.0.0.0/20", 3)
    assert all(ipaddress.IPv4Network(cidr).prefixlen <= 27 for cidr in plan.edge)


def test_more_zones_than_the_plan_has_room_for_are_refused() -> None:
    with pytest.raises(ValueError, match="4 zones"):
        plan_subnets("10.0.0.0/16", 4)


def test_a_load_balancer_name_never_exceeds_32_characters() -> None:
    assert len(Naming(stack="a" * 16).named("gateway")) <= 32
    with pytest.raises(ValueError, match="1 characters too many"):
        Naming(stack="a" * 17)


def test_only_one_service_account_may_take_a_role() -> None:
    trust = json.loads(
        service_account_trust("arn:provider", "https://oidc.example/id/1", "litellm", "gateway")
    )
    (statement,) = trust["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "oidc.example/id/1:sub": "system:serviceaccount:litellm:gateway",
            "oidc.example/id/1:aud": "sts.amazonaws.com",
        }
    }


def _model(name: str, deployment: str, provider: str = "bedrock") -> Model:
    return Model.model_validate(
        {"name": name, "tier": "$", "provider": provider, "deployments": [{"model": deployment}]}
    )


def _statements(*models: Model, region: str = "us-east-1") -> list[Document]:
    where = BedrockAccount(partition="aws", account="111122223333", region=region)
    return bedrock_statements(models, where)


HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
HAIKU_PROFILE = f"arn:aws:bedrock:us-east-1:111122223333:inference-profile/us.{HAIKU}"


def test_a_profile_is_named_and_its_model_is_reached_through_it_only() -> None:
    named, through, *_ = _statements(_model("haiku", f"us.{HAIKU}"))
    assert named["Resource"] == [HAIKU_PROFILE]
    assert through["Resource"] == [
        f"arn:aws:bedrock:us-*::foundation-model/{HAIKU}",
        f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}",
    ]
    assert through["Condition"] == {
        "StringEquals": {"bedrock:InferenceProfileArn": [HAIKU_PROFILE]}
    }


def test_a_global_profile_has_a_model_without_a_region() -> None:
    _, through, *_ = _statements(_model("haiku", f"global.{HAIKU}"))
    assert f"arn:aws:bedrock:::foundation-model/{HAIKU}" in through["Resource"]


@pytest.mark.parametrize("model", [HAIKU, f"us.{HAIKU}"])
def test_an_application_profile_is_named_and_its_model_reached_through_it(model: str) -> None:
    profile = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3"
    deployment = {"model": model, "inferenceProfile": profile}
    named, through, *_ = _statements(
        Model.model_validate(
            {"name": "haiku", "tier": "$", "provider": "bedrock", "deployments": [deployment]}
        )
    )
    assert profile in named["Resource"]
    assert profile in through["Condition"]["StringEquals"]["bedrock:InferenceProfileArn"]


def test_a_foundation_model_is_allowed_in_its_own_region_only() -> None:
    model = "amazon.titan-embed-text-v2:0"
    named, counted, _ = _statements(_model("titan", model), region="eu-west-1")
    assert named["Resource"] == [f"arn:aws:bedrock:eu-west-1::foundation-model/{model}"]
    assert counted["Action"] == ["bedrock:CountTokens"]


def test_a_gateway_without_bedrock_models_may_invoke_nothing() -> None:
    assert _statements(_model("gpt", "gpt-5", provider="openai")) == []


def test_profiles_belong_to_the_account_of_the_role_that_calls() -> None:
    settings = BedrockSettings(role_arn="arn:aws:iam::444455556666:role/models")
    where = BedrockAccount.of(settings, partition="aws", account="111122223333", region="us-east-1")
    assert where.account == "444455556666"


def test_the_previous_epoch_is_kept_and_no_earlier_one() -> None:
    assert [kept_epochs(epoch) for epoch in (1, 2, 5)] == [(1,), (1, 2), (4, 5)]


def test_database_users_take_turns() -> None:
    assert database_user(1) == "litellm_a"
    assert database_user(2) == "litellm_b"
    assert database_user(3) == "litellm_a"


def test_a_region_has_exactly_one_database_authority() -> None:
    assert amazon_rds_authority("us-east-1").count("BEGIN CERTIFICATE") == 1


def test_a_region_without_an_authority_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="xx-nowhere-1"):
        amazon_rds_authority("xx-nowhere-1")
