"""Where prompts may be processed: rules for inference profiles, regions and other providers.

``dataResidency`` is a geography of Bedrock's, or ``region`` for the stack's own region alone. What
AWS does is known from the names of its profiles and regions. Of every other provider only the
operator knows, so each one in use needs a word of theirs (``residency``).
"""

from collections.abc import Iterable, Iterator

from infra.bedrock_profiles import (
    GEOGRAPHIES,
    callable_geographies,
    profiles_of,
    region_is_within,
    split_profile,
)
from infra.model_catalogue import Deployment
from infra.setting_sections.providers import OutsideProvider
from infra.settings import Settings


def allowed_geographies(residency: str) -> frozenset[str]:
    """Return the geographies whose profiles keep to a residency."""
    return frozenset(
        name
        for name, geography in GEOGRAPHIES.items()
        if residency == "anywhere" or residency in geography.within
    )


def residency_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield every place that is not called as AWS has it, or where a prompt would leave."""
    for model in settings.models:
        for index, deployment in enumerate(model.deployments):
            if model.provider_of(deployment) == "bedrock":
                path = f"models.{model.name}.deployments[{index}]"
                yield from _bedrock_problems(settings, deployment, path)
    if settings.data_residency != "anywhere":
        yield from _outside_problems(settings, settings.data_residency)


def _bedrock_problems(settings: Settings, deployment: Deployment, path: str) -> Iterator[str]:
    geography, foundation = split_profile(deployment.model)
    home = deployment.region or settings.aws.region
    residency = settings.data_residency
    if not geography:
        yield from _region_problems(settings, home, path)
        return
    known = profiles_of(foundation)
    here = [name for name in known if name in callable_geographies(home)]
    staying = [name for name in here if name in allowed_geographies(residency)]
    if known and geography not in known and deployment.prices is None:
        yield (
            f"{path}.model: {foundation} has no profile for {geography}, only for "
            f"{_listed(known)}; name one of them, or give its prices if AWS has added it since"
        )
    elif geography not in callable_geographies(home):
        yield (
            f"{path}.model: profiles of {geography} are not called from {home}, where "
            f"{foundation} has {_listed(here)}; name one of them or another region"
        )
    elif geography not in allowed_geographies(residency):
        yield (
            f"{path}.model: {deployment.model} leaves dataResidency {residency}; of its profiles "
            f"in {home} ({_listed(here)}) those that stay are: {_listed(staying)}"
        )


def _region_problems(settings: Settings, home: str, path: str) -> Iterator[str]:
    residency = settings.data_residency
    if residency == "anywhere":
        return
    own = settings.aws.region
    if not (home == own if residency == "region" else region_is_within(home, residency)):
        yield f"{path}.region: {home} is not within dataResidency {residency}; name one that is"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _outside_problems(settings: Settings, residency: str) -> Iterator[str]:
    known = settings.providers.by_name
    for name in settings.providers_in_use:
        provider = known.get(name)
        if not isinstance(provider, OutsideProvider):
            continue
        promised = provider.residency
        within = {promised} if promised in (None, "region") else GEOGRAPHIES[promised].within
        if residency not in within:
            given = f"is {promised}" if promised else "is not known"
            yield (
                f"providers.{name}.residency: {given}, and dataResidency is {residency}; set it "
                "if your contract says so, or switch the provider off"
            )
    if "vertex" in settings.providers_in_use:
        locations = {settings.providers.vertex.location} | {
            deployment.region
            for model in settings.models
            for deployment in model.deployments
            if model.provider_of(deployment) == "vertex"
        }
        if "global" in locations:
            yield (
                f"providers.vertex.location: global leaves dataResidency {residency}; name a "
                "region, there and in deployments"
            )
