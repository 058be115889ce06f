"""A catalogue that does not fit together is refused, with the name of what is wrong."""

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
    VLLM,
    model,
    refused,
    settings,
)
from test_settings import problems_of


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


def test_a_family_that_belongs_to_an_unused_endpoint_is_told() -> None:
    changes = {"suppliedSecrets.endpoint-vllm": {"1": {"apiKey": "do-not-print"}}}
    (problem,) = problems_of("dev", changes)
    assert problem == "suppliedSecrets.endpoint-vllm: nothing in this stack uses it; remove it"
