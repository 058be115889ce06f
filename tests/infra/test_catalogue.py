"""What a catalogue makes of models, providers and aliases, and which ones it refuses."""

from typing import Any

import pytest
from test_settings import problems_of, settings_of

from infra.bedrock_access import BedrockAccount, bedrock_statements
from infra.helm_values import values_context
from infra.model_catalogue import Model
from infra.pod_environment import plain_environment
from infra.proxy_config.model_list import ModelDeployment, group_fallbacks, model_list
from infra.settings import Settings
from infra.subnets import plan_subnets

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "anthropic.claude-opus-4-5-20251101-v1:0"
IDENTITY = {
    "tenantId": "11111111-2222-3333-4444-555555555555",
    "clientId": "66666666-7777-8888-9999-000000000000",
}
AZURE = {"endpoint": "https://example.openai.azure.com", "apiVersion": "2024-10-21"}
VERTEX = {"project": "example-project", "location": "europe-west4"}
VLLM = {"name": "vllm", "baseUrl": "https://vllm.example.com/v1"}


def model(name: str, provider: str, *deployments: str | dict[str, Any], **more: Any) -> Any:
    places = [{"model": one} if isinstance(one, str) else one for one in deployments]
    return {"name": name, "tier": "$", "provider": provider, "deployments": places, **more}


BEDROCK = model("haiku", "bedrock", f"us.{HAIKU}")
OPENAI = model("gpt", "openai", "gpt-4o-mini")
# Values are adopted, so that no test needs secrets.
ADOPTED = {"secrets.supplied": "adopt"}


def settings(*models: Any, **changes: Any) -> Settings:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return settings_of("dev", {**ADOPTED, "models": list(models), **dotted})


def refused(*models: Any, **changes: Any) -> str:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return "\n".join(problems_of("dev", {**ADOPTED, "models": list(models), **dotted}))


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
    assert group_fallbacks(configured) == {"haiku": ("gpt", "sonnet"), "any": ("sonnet",)}


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


EMBEDDING = model("titan", "bedrock", "amazon.titan-embed-text-v2:0", mode="embedding")


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


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (model("a", "bedrok", "x"), "'bedrok' is none of anthropic, azure, bedrock"),
        (model("a", "openai", "gpt-nine"), "LiteLLM has no price for gpt-nine on openai"),
        (model("a", "openai", "text-embedding-3-small"), "is for embedding, not for chat"),
        (model("a", "bedrock", "amazon.titan-embed-text-v2:0"), "set mode to embedding"),
        (
            model("a", "openai", {"model": "gpt-4o", "region": "eu"}),
            "region 'eu' is for bedrock and vertex; openai has none",
        ),
        (
            model("a", "openai", {"model": "gpt-4o", "baseModel": "gpt-4o"}),
            "baseModel 'gpt-4o' is for azure; openai has none",
        ),
        (
            model("a", "openai", {"model": "own", "prices": {"input": 1}}),
            "prices of own lack output",
        ),
        (
            model("a", "openai", {"model": "own", "prices": {"input": -1, "output": 1}}),
            "models[0].deployments[0].prices.input",
        ),
        (
            model("a", "bedrock", f"apac.{SONNET}"),
            f"{SONNET} has no profile for apac, only for au, eu, global, jp, us, us-gov",
        ),
        (
            model("a", "bedrock", f"eu.{HAIKU}"),
            "profiles of eu are not called from us-east-1, where "
            f"{HAIKU} has global, us; name one of them or another region",
        ),
        (model("a", "azure", "gpt-4o"), "providers.azure.endpoint: is not set, and a needs it"),
        (model("a", "azure", "gpt-4o"), "providers.azure.apiVersion: is not set"),
        (model("a", "vertex", "gemini-2.5-flash"), "providers.vertex.project: is not set"),
        (model("a", "vertex", "gemini-2.5-flash"), "providers.vertex.location: is not set"),
        (model("a", "openai", "gpt-4o", fallbacks=["a"]), "'a' is not another model or alias"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_model_that_does_not_fit_is_refused_by_name(entry: Any, told: str) -> None:
    assert told in refused(entry)


def test_an_azure_deployment_needs_a_price_or_the_model_behind_it() -> None:
    text = refused(model("a", "azure", "our-gpt"), providers={"azure": AZURE})
    assert "no price for our-gpt on azure" in text
    assert "or baseModel" in text


def test_a_profile_that_aws_has_added_since_is_taken_with_its_prices() -> None:
    place = {"model": f"us-gov.{OPUS}", "region": "us-gov-west-1", "prices": PRICES}
    assert settings(model("opus", "bedrock", place)).models


PRICES = {"input": 5, "output": 25}


@pytest.mark.parametrize(
    ("aliases", "told"),
    [
        ({"haiku": ["gpt"]}, "aliases.haiku: is the name of a model already"),
        ({"any": ["gpt-9"]}, "aliases.any: there is no model 'gpt-9'"),
        ({"any": []}, "aliases.any: "),
        ({"any": ["gpt", "gpt"]}, "aliases.any: 'gpt' stands more than once"),
        ({"any": ["haiku", "titan"]}, "aliases.any: mixes chat and embedding"),
        ({"Any One": "gpt"}, "aliases.Any One"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_alias_that_does_not_fit_is_refused_by_name(aliases: Any, told: str) -> None:
    assert told in refused(BEDROCK, OPENAI, EMBEDDING, aliases=aliases)


def test_an_alias_that_a_switch_leaves_with_nothing_is_an_error() -> None:
    text = refused(
        BEDROCK, OPENAI, aliases={"any": ["gpt"]}, providers={"openai": {"enabled": False}}
    )
    assert "aliases.any: all of its models are on providers that are switched off" in text


def test_a_catalogue_that_a_switch_leaves_with_nothing_is_an_error() -> None:
    assert "models: nothing is served" in refused(providers={"bedrock": {"enabled": False}})


@pytest.mark.parametrize(
    ("providers", "told"),
    [
        ({"azur": {}}, "providers.azur: unknown key"),
        ({"azure": {"endpoint": "example.openai.azure.com"}}, "providers.azure.endpoint"),
        ({"azure": {"apiVersion": "today"}}, "providers.azure.apiVersion"),
        ({"azure": {"tenantId": IDENTITY["tenantId"]}}, "is not for authentication apiKey"),
        ({"azure": {"authentication": "clientSecret"}}, "clientSecret needs tenantId"),
        ({"openai": {"apiKey": "do-not-print"}}, "providers.openai.apiKey: unknown key"),
        ({"openai": {"organization": "us"}}, "providers.openai.organization"),
        ({"vertex": {"location": "Europe"}}, "providers.vertex.location"),
        ({"endpoints": [{**VLLM, "name": "azure"}]}, "'azure' is the name of a provider already"),
        ({"endpoints": [VLLM, VLLM]}, "'vllm' stands more than once"),
        (
            {"endpoints": [{**VLLM, "baseUrl": "http://vllm.internal:8000/v1"}]},
            "endpoint vllm is on port 8000, to which pods may not connect; name its networks",
        ),
        ({"endpoints": [{**VLLM, "baseUrl": "https://me:word@vllm/v1"}]}, "baseUrl"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_provider_that_does_not_fit_is_refused_by_name(providers: Any, told: str) -> None:
    assert told in refused(BEDROCK, providers=providers)


@pytest.mark.parametrize(
    ("region", "residency", "told"),
    [
        ("us-east-1", "eu", "leaves dataResidency eu"),
        ("eu-west-1", "us", "leaves dataResidency us"),
        ("ap-southeast-2", "au", f"{OPUS} has no profile for au, only for eu, global, us"),
        ("us-gov-west-1", "us-gov", f"{HAIKU} has no profile for us-gov, only for apac, au, eu"),
        ("us-east-1", "region", "leaves dataResidency region"),
    ],
)
def test_the_default_catalogue_is_refused_where_it_would_leave(
    region: str, residency: str, told: str
) -> None:
    assert told in refused(aws__region=region, dataResidency=residency)


@pytest.mark.parametrize(
    ("profile", "residency", "stays"),
    [
        ("jp", "jp", True),
        ("jp", "apac", True),
        ("apac", "jp", False),
        ("global", "apac", False),
        ("global", "anywhere", True),
        ("jp", "region", False),
    ],
)
def test_a_profile_stays_within_the_geographies_that_it_is_a_part_of(
    profile: str, residency: str, stays: bool
) -> None:
    changes: dict[str, Any] = {"aws__region": "ap-northeast-1", "dataResidency": residency}
    entry = model("haiku", "bedrock", f"{profile}.{HAIKU}")
    if stays:
        assert settings(entry, **changes).models
    else:
        assert f"leaves dataResidency {residency}" in refused(entry, **changes)


def test_an_error_of_residency_names_the_profiles_that_stay() -> None:
    entry = model("haiku", "bedrock", f"global.{HAIKU}")
    text = refused(entry, aws__region="ap-northeast-1", dataResidency="jp")
    assert "of its profiles in ap-northeast-1 (apac, global, jp) those that stay are: jp" in text


@pytest.mark.parametrize(
    ("place", "residency", "stays"),
    [
        ("us-east-1", "region", True),
        ("us-west-2", "region", False),
        ("us-west-2", "us", True),
        ("ca-central-1", "us", False),
        ("eu-central-1", "eu", True),
        ("us-gov-west-1", "us", False),
    ],
)
def test_a_model_without_a_profile_stays_in_its_region(
    place: str, residency: str, stays: bool
) -> None:
    entry = model(
        "titan",
        "bedrock",
        {"model": "amazon.titan-embed-text-v2:0", "region": place},
        mode="embedding",
    )
    if stays:
        assert settings(entry, dataResidency=residency).models
    else:
        assert f"{place} is not within dataResidency" in refused(entry, dataResidency=residency)


def test_another_provider_needs_a_word_on_where_it_is() -> None:
    told = "providers.openai.residency: is not known, and dataResidency is us"
    assert told in refused(BEDROCK, OPENAI, dataResidency="us")
    promised = {"openai": {"residency": "us"}}
    assert settings(BEDROCK, OPENAI, dataResidency="us", providers=promised).models


def test_a_provider_elsewhere_is_refused() -> None:
    promised = {"openai": {"residency": "eu"}}
    text = refused(BEDROCK, OPENAI, dataResidency="us", providers=promised)
    assert "providers.openai.residency: is eu, and dataResidency is us" in text


def test_vertex_everywhere_is_not_at_home() -> None:
    vertex = {**VERTEX, "location": "global", "residency": "eu"}
    entry = model("gemini", "vertex", "gemini-2.5-flash")
    text = refused(entry, aws__region="eu-west-1", dataResidency="eu", providers={"vertex": vertex})
    assert "providers.vertex.location: global leaves dataResidency eu" in text


def test_an_unknown_residency_is_refused() -> None:
    assert "dataResidency" in refused(dataResidency="mars")


def test_a_family_that_belongs_to_an_unused_endpoint_is_told() -> None:
    changes = {"suppliedSecrets.endpoint-vllm": {"1": {"apiKey": "do-not-print"}}}
    (problem,) = problems_of("dev", changes)
    assert problem == "suppliedSecrets.endpoint-vllm: nothing in this stack uses it; remove it"
