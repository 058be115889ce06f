"""Rules of the catalogue: models, aliases and the providers behind them fit together.

They look at what is served, after what is on switched-off providers has been left out.
"""

from collections.abc import Iterator

from infra.bedrock_profiles import split_profile
from infra.data_residency import residency_problems
from infra.model_catalogue import Deployment, Model
from infra.priced_models import Mode, priced_mode
from infra.providers import connections
from infra.settings import Settings


def _models_are_named_once(settings: Settings, _supplied: object) -> Iterator[str]:
    names = [model.name for model in settings.models]
    if not names:
        yield (
            "models: nothing is served; every model is on a provider that is switched off (a "
            "catalogue without models is Claude on Bedrock)"
        )
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"models: {name!r} stands more than once; give one entry several deployments"


def _aliases_name_models(settings: Settings, _supplied: object) -> Iterator[str]:
    models = {model.name: model for model in settings.models}
    for alias, targets in settings.aliases.items():
        if alias in models:
            yield f"aliases.{alias}: is the name of a model already; choose another"
        if not targets:
            yield (
                f"aliases.{alias}: all of its models are on providers that are switched off; name "
                "another one or remove it"
            )
        for name in sorted({name for name in targets if targets.count(name) > 1}):
            yield f"aliases.{alias}: {name!r} stands more than once; give its deployments a weight"
        for name in targets:
            if name not in models:
                yield f"aliases.{alias}: there is no model {name!r}"
        modes = {models[name].mode for name in targets if name in models}
        if len(modes) > 1:
            yield f"aliases.{alias}: mixes chat and embedding; keep to one of them"


def _providers_are_known(settings: Settings, _supplied: object) -> Iterator[str]:
    known = settings.providers.by_name
    for model in settings.models:
        for name in sorted(model.providers - known.keys()):
            yield (
                f"models.{model.name}.provider: {name!r} is none of {', '.join(sorted(known))}; "
                "add it to providers.endpoints or name one of these"
            )


def _providers_say_where_they_are(settings: Settings, _supplied: object) -> Iterator[str]:
    azure, vertex = settings.providers.azure, settings.providers.vertex
    for name, key, given in (
        ("azure", "endpoint", azure.endpoint),
        ("azure", "apiVersion", azure.api_version),
        ("vertex", "project", vertex.project),
        ("vertex", "location", vertex.location),
    ):
        if name in settings.providers_in_use and not given:
            models = [model.name for model in settings.models if name in model.providers]
            yield f"providers.{name}.{key}: is not set, and {', '.join(models)} needs it"


def _models_have_prices(settings: Settings, _supplied: object) -> Iterator[str]:
    known = connections(settings)
    for model in settings.models:
        for index, deployment in enumerate(model.deployments):
            provider = model.provider_of(deployment)
            if provider in known:
                mode = _known_mode(known[provider].route, deployment)
                path = f"models.{model.name}.deployments[{index}]"
                yield from _price_problems(model, deployment, mode, path)


def _known_mode(route: str, deployment: Deployment) -> Mode | None:
    """What LiteLLM has a price for: the model's own, or that of what it is based on."""
    names = [deployment.base_model or deployment.model]
    if route == "bedrock":
        names.append(split_profile(deployment.model)[1])
    return next((mode for name in names if (mode := priced_mode(route, name))), None)


def _price_problems(
    model: Model, deployment: Deployment, mode: Mode | None, path: str
) -> Iterator[str]:
    provider = model.provider_of(deployment)
    if mode is None and deployment.prices is None:
        name = deployment.base_model or deployment.model
        further = ", or baseModel" if provider == "azure" and not deployment.base_model else ""
        yield (
            f"{path}.prices: LiteLLM has no price for {name} on {provider}, so that it would be "
            f"free to every budget; give its prices{further} (0 if it is free), or correct the name"
        )
    elif mode is not None and mode != model.mode:
        yield f"{path}: {deployment.model} is for {mode}, not for {model.mode}; set mode to {mode}"


CATALOGUE_RULES = (
    _models_are_named_once,
    _aliases_name_models,
    _providers_are_known,
    _providers_say_where_they_are,
    _models_have_prices,
    residency_problems,
)
