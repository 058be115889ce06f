"""What of a stack's catalogue is served: the default one if it is empty, without switched-off
providers. Pure: settings in, settings out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from infra.bedrock_profiles import callable_geographies, profiles_of
from infra.data_residency import allowed_geographies
from infra.model_catalogue import Deployment, Model
from infra.settings import Settings

# Name, tier, foundation model, fallbacks. The ids: LiteLLM 1.106.2's price map.
_DEFAULTS = (
    ("claude-haiku-4-5", "$", "anthropic.claude-haiku-4-5-20251001-v1:0", ()),
    (
        "claude-sonnet-4-5",
        "$$",
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        ("claude-haiku-4-5",),
    ),
    ("claude-opus-4-5", "$$$", "anthropic.claude-opus-4-5-20251101-v1:0", ("claude-sonnet-4-5",)),
)


def served(settings: Settings) -> Settings:
    """Return settings whose models and aliases are those that the gateway serves.

    What is on no provider that is switched on is left out, and with it fallbacks and targets of
    aliases. An alias that has lost all of them is kept without any, for the rules to tell.
    """
    off = settings.providers.switched_off
    given = settings.models or tuple(default_models(settings))
    kept = tuple(_switched_on(given, off))
    gone = {model.name for model in given} - {model.name for model in kept}
    return settings.model_copy(
        update={
            "models": tuple(
                model.model_copy(update={"fallbacks": _without(gone, model.fallbacks)})
                for model in kept
            ),
            "aliases": _without_targets(gone, settings.aliases),
        }
    )


def default_models(settings: Settings) -> Iterator[Model]:
    """Yield Claude Haiku, Sonnet and Opus 4.5 on Bedrock, with profiles for the stack's region.

    The profile is that of the narrowest geography that has one and that ``dataResidency`` allows.
    Where there is none, one that does not exist stands in its place, and the rules refuse it.
    """
    allowed = allowed_geographies(settings.data_residency)
    geographies = [name for name in callable_geographies(settings.aws.region) if name in allowed]
    for name, tier, foundation, fallbacks in _DEFAULTS:
        known = profiles_of(foundation)
        found = [one for one in geographies if one in known]
        geography = (*found, *geographies, "global")[0]
        yield Model(
            name=name,
            tier=tier,
            provider="bedrock",
            deployments=(Deployment(model=f"{geography}.{foundation}"),),
            fallbacks=fallbacks,
        )


def _switched_on(models: Iterable[Model], off: Collection[str]) -> Iterator[Model]:
    for model in models:
        kept = tuple(one for one in model.deployments if model.provider_of(one) not in off)
        if kept:
            yield model.model_copy(update={"deployments": kept})


def _without(gone: Collection[str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)


def _without_targets(
    gone: Collection[str], aliases: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    return {alias: _without(gone, targets) for alias, targets in aliases.items()}
