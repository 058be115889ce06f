"""Bedrock's system-defined inference profiles: their geographies, and which exist for a model.

A profile is named after its geography and its foundation model, such as
``us.anthropic.claude-haiku-4-5-20251001-v1:0``. Pure: names in, names out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from infra.priced_models import priced_names


@dataclass(frozen=True, kw_only=True)
class Geography:
    """Where a geography's profiles are called, and where they may send a request."""

    callers: tuple[str, ...]
    """Beginnings of the regions in which its profiles exist."""
    destinations: tuple[str, ...]
    """Patterns of the regions to which they route, beside the one that is called."""
    within: frozenset[str]
    """Geographies that it is a part of, itself included."""


# AWS lists the regions for each model and adds to them, so a list would refuse requests now and
# then; the patterns keep to the geography. Prefixes: get_bedrock_cross_region_inference_regions in
# litellm/llms/bedrock/common_utils.py of LiteLLM 1.106.2. Regions, with the UAE in apac:
# CrossRegionInferenceProfileRegion in packages/@aws-cdk/aws-bedrock-alpha/bedrock/
# inference-profiles/cross-region-inference-profile.ts of aws/aws-cdk. Calls from Canada and
# Auckland: docs/not-confirmed.md. A global profile has one model ARN without a region.
GEOGRAPHIES: Mapping[str, Geography] = {
    "us": Geography(
        callers=("us-east-", "us-west-", "ca-"), destinations=("us-*",), within=frozenset({"us"})
    ),
    "us-gov": Geography(
        callers=("us-gov-",), destinations=("us-gov-*",), within=frozenset({"us-gov"})
    ),
    "eu": Geography(callers=("eu-",), destinations=("eu-*",), within=frozenset({"eu"})),
    "jp": Geography(
        callers=("ap-northeast-1", "ap-northeast-3"),
        destinations=("ap-northeast-1", "ap-northeast-3"),
        within=frozenset({"jp", "apac"}),
    ),
    "au": Geography(
        callers=("ap-southeast-2", "ap-southeast-4", "ap-southeast-6"),
        destinations=("ap-southeast-2", "ap-southeast-4"),
        within=frozenset({"au", "apac"}),
    ),
    "apac": Geography(
        callers=("ap-", "me-"),
        destinations=("ap-*", "me-central-1"),
        within=frozenset({"apac"}),
    ),
    "global": Geography(callers=("",), destinations=("",), within=frozenset()),
}


def split_profile(model: str) -> tuple[str, str]:
    """Return geography and foundation model; the geography is empty where there is none."""
    prefix, _, rest = model.partition(".")
    return (prefix, rest) if prefix in GEOGRAPHIES else ("", model)


def callable_geographies(region: str) -> tuple[str, ...]:
    """Return the geographies whose profiles a region has, the narrowest first."""
    return tuple(
        name
        for name, geography in GEOGRAPHIES.items()
        if region.startswith(geography.callers)
        # GovCloud and China are partitions of their own.
        and not (name == "global" and region.startswith(("us-gov-", "cn-")))
    )


def profiles_of(foundation: str) -> tuple[str, ...]:
    """Return the geographies that have a profile for a foundation model, as LiteLLM knows them."""
    known = priced_names("bedrock")
    return tuple(name for name in GEOGRAPHIES if f"{name}.{foundation}" in known)


def region_is_within(region: str, residency: str) -> bool:
    """Return whether a region lies in a geography, by where that geography's profiles route."""
    if region.startswith("us-gov-") and residency != "us-gov":
        return False
    return any(fnmatchcase(region, pattern) for pattern in GEOGRAPHIES[residency].destinations)
