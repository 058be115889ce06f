"""Where prompts may be processed, and which catalogues would let them leave."""

from typing import Any

import pytest
from catalogues import BEDROCK, HAIKU, OPENAI, OPUS, VERTEX, model, refused, settings


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
