"""What a catalogue makes of models, providers and aliases."""

from typing import Any

import pytest
from catalogues import (
    AZURE,
    BEDROCK,
    EMBEDDING,
    HAIKU,
    IDENTITY,
    OPENAI,
    OPUS,
    SONNET,
    VERTEX,
    VLLM,
    model,
    settings,
)

from infra.bedrock_access import BedrockAccount, bedrock_statements
from infra.helm_values import values_context
from infra.model_catalogue import Model
from infra.pod_environment import plain_environment
from infra.proxy_config.model_list import ModelDeployment, group_fallbacks, model_list
from infra.settings import Settings
from infra.subnets import plan_subnets


def deployments(configured: Settings) -> list[ModelDeployment]:
    return list(model_list(configured, "arn:aws:iam::111122223333:role/bedrock"))


def models_in(region: str, **changes: Any) -> dict[str, str]:
    configured = settings(aws__region=region, **changes)
    return {one.name: one.deployments[0].model for one in configured.models}


@pytest.mark.parametrize(
    ("region", "profiles"),
    [
        ("us-east-1", ("us", "us", "us")),
        ("ca-central-1", ("us", "us", "us")),
        ("eu-west-1", ("eu", "eu", "eu")),
        ("ap-northeast-1", ("jp", "jp", "global")),
        ("ap-southeast-2", ("au", "au", "global")),
        ("ap-south-1", ("apac", "global", "global")),
        ("sa-east-1", ("global", "global", "global")),
    ],
)
def test_an_empty_catalogue_is_claude_with_the_narrowest_profiles_of_the_region(
    region: str, profiles: tuple[str, ...]
) -> None:
    foundations = zip(profiles, (HAIKU, SONNET, OPUS), strict=True)
    assert list(models_in(region).values()) == [f"{one}.{model}" for one, model in foundations]


def test_the_default_catalogue_has_a_tier_and_a_fallback_for_each_model() -> None:
    configured = settings()
    assert [(one.name, one.tier, one.fallbacks) for one in configured.models] == [
        ("claude-haiku-4-5", "$", ()),
        ("claude-sonnet-4-5", "$$", ("claude-haiku-4-5",)),
        ("claude-opus-4-5", "$$$", ("claude-sonnet-4-5",)),
    ]


def test_a_switched_off_provider_takes_its_models_fallbacks_and_targets_with_it() -> None:
    configured = settings(
        {**BEDROCK, "fallbacks": ["gpt"]},
        OPENAI,
        aliases={"any": ["haiku", "gpt"]},
        providers={"openai": {"enabled": False}},
    )
    assert [(one.name, one.fallbacks) for one in configured.models] == [("haiku", ())]
    assert configured.aliases == {"any": ("haiku",)}
    assert configured.supplied_families == {}


def test_a_model_on_two_providers_keeps_the_one_that_is_on() -> None:
    both = model("claude", "bedrock", f"us.{HAIKU}", {"model": "claude-haiku-4-5", **ON_ANTHROPIC})
    configured = settings(both, providers={"bedrock": {"enabled": False}})
    (only,) = deployments(configured)
    assert only.provider == "anthropic"


ON_ANTHROPIC = {"provider": "anthropic"}


def test_the_deployments_of_a_model_belong_to_the_access_groups_of_their_own_provider() -> None:
    both = model("claude", "bedrock", f"us.{HAIKU}", {"model": "claude-haiku-4-5", **ON_ANTHROPIC})
    assert [one.access_groups for one in deployments(settings(both))] == [
        ("provider:bedrock", "tier:1"),
        ("provider:anthropic", "tier:1"),
    ]


def test_an_alias_of_one_model_makes_no_deployments() -> None:
    assert len(deployments(settings(BEDROCK, aliases={"default": "haiku"}))) == 1


def test_an_alias_of_several_models_is_a_group_with_identities_of_its_own() -> None:
    entries = deployments(settings(BEDROCK, OPENAI, aliases={"any": ["haiku", "gpt"]}))
    group = [one for one in entries if one.group == "any"]
    assert [one.identity for one in group] == ["any.bedrock.us-east-1.haiku", "any.openai.gpt"]
    assert len({one.identity for one in entries}) == 4


def test_an_alias_of_several_models_falls_back_to_what_they_do() -> None:
    configured = settings(
        {**BEDROCK, "fallbacks": ["gpt", "sonnet"]},
        OPENAI,
        model("sonnet", "bedrock", f"us.{SONNET}"),
        aliases={"any": ["haiku", "gpt"]},
    )
    fallbacks = group_fallbacks(configured, lambda one: one.fallbacks)
    assert {name: targets for name, targets in fallbacks.items() if targets} == {
        "haiku": ("gpt", "sonnet"),
        "any": ("sonnet",),
    }


def test_a_team_gets_all_deployments_of_a_group_that_has_one_on_bedrock() -> None:
    configured = settings(
        BEDROCK,
        OPENAI,
        aliases={"any": ["haiku", "gpt"]},
        bedrock__teams=[{"id": "search", "tags": {"team": "search"}}],
    )
    of_team = [one for one in deployments(configured) if one.team]
    assert [(one.group, one.provider, one.role is not None) for one in of_team] == [
        ("haiku.search", "bedrock", True),
        ("any.search", "bedrock", True),
        ("any.search", "openai", False),
    ]


def test_prices_are_rendered_for_a_single_token() -> None:
    prices = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
    configured = settings(model("own", "openai", {"model": "gpt-next", "prices": prices}))
    assert deployments(configured)[0].costs == {
        "input_cost_per_token": 3e-06,
        "output_cost_per_token": 1.5e-05,
        "cache_read_input_token_cost": 3e-07,
        "cache_creation_input_token_cost": 3.75e-06,
    }


def test_a_location_of_vertex_is_the_deployment_s_or_the_provider_s() -> None:
    configured = settings(
        model("gemini", "vertex", "gemini-2.5-flash", {"model": "gemini-2.5-flash", **IN_FINLAND}),
        providers={"vertex": VERTEX},
    )
    places = [one.parameters["vertex_location"] for one in deployments(configured)]
    assert places == ["europe-west4", "europe-north1"]


IN_FINLAND = {"region": "europe-north1"}


def test_an_endpoint_without_a_key_is_never_sent_one() -> None:
    entry = model("llama", "vllm", {"model": "llama", "prices": {"input": 0, "output": 0}})
    configured = settings(entry, providers={"endpoints": [VLLM]})
    assert deployments(configured)[0].parameters["api_key"] == "none"
    assert configured.supplied_families == {}


def test_an_endpoint_s_key_is_a_secret_family_of_its_own() -> None:
    entry = model("llama", "vllm", {"model": "llama", "prices": {"input": 0, "output": 0}})
    endpoints = [{**VLLM, "apiKey": True}]
    configured = settings(
        entry, providers={"endpoints": endpoints}, rotation={"providers": {"vllm": 3}}
    )
    assert configured.supplied_families == {"endpoint-vllm": 3}
    api_key = deployments(configured)[0].parameters["api_key"]
    assert api_key == "os.environ/ENDPOINT_VLLM_API_KEY"


def test_pods_may_connect_to_an_endpoint_that_is_not_on_443() -> None:
    entry = model("llama", "vllm", {"model": "llama", "prices": {"input": 0, "output": 0}})
    endpoint = {**VLLM, "baseUrl": "http://vllm.internal:8000/v1", "cidrs": ["10.0.12.0/24"]}
    configured = settings(entry, providers={"endpoints": [endpoint]})
    context = values_context(
        configured,
        environment={},
        secrets=(),
        config_map="",
        certificates="",
        plan=plan_subnets("10.0.0.0/16", 2),
    )
    assert [(one.cidrs, one.port) for one in context.additional_destinations] == [
        (("10.0.12.0/24",), 8000)
    ]


AZURE_MODEL = model("gpt", "azure", {"model": "our-gpt", "baseModel": "gpt-4o"})


@pytest.mark.parametrize(
    ("azure", "families"),
    [
        ({}, {"azure": 1}),
        ({"authentication": "clientSecret", **IDENTITY}, {"azureClient": 1}),
        ({"authentication": "workloadIdentity", **IDENTITY}, {}),
    ],
)
def test_azure_asks_for_the_secret_that_its_authentication_needs(
    azure: dict[str, str], families: dict[str, int]
) -> None:
    configured = settings(AZURE_MODEL, providers={"azure": {**AZURE, **azure}})
    assert configured.supplied_families == families


def test_a_workload_identity_is_known_to_the_pods() -> None:
    azure = {**AZURE, "authentication": "workloadIdentity", **IDENTITY}
    configured = settings(AZURE_MODEL, providers={"azure": azure})
    environment = plain_environment(
        configured, database_host="d", cache_host="c", own_cache_authority=False
    )
    assert environment["AZURE_CLIENT_ID"] == IDENTITY["clientId"]
    assert environment["AZURE_FEDERATED_TOKEN_FILE"].startswith("/var/run/secrets/")


def statements(*entries: Any) -> list[dict[str, Any]]:
    where = BedrockAccount(partition="aws", account="111122223333", region="us-east-1")
    return bedrock_statements([Model.model_validate(one) for one in entries], where)


def test_an_embedding_may_be_invoked_and_neither_streamed_nor_counted() -> None:
    invoked, listed = statements(EMBEDDING)
    assert invoked["Action"] == ["bedrock:InvokeModel"]
    assert invoked["Resource"] == [
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"
    ]
    assert listed["Action"] == ["bedrock:ListInferenceProfiles"]


def test_an_embedding_beside_a_chat_gets_none_of_the_chat_s_rights() -> None:
    titan = statements(EMBEDDING)[0]["Resource"][0]
    actions = {
        action
        for one in statements(EMBEDDING, BEDROCK)
        for action in one["Action"]
        if titan in one["Resource"]
    }
    assert actions == {"bedrock:InvokeModel"}


def test_a_deployment_on_another_provider_gives_no_rights_on_bedrock() -> None:
    mixed = model("claude", "anthropic", "claude-haiku-4-5", {"model": f"us.{HAIKU}", **ON_BEDROCK})
    assert statements(mixed) == statements(BEDROCK)


ON_BEDROCK = {"provider": "bedrock"}
