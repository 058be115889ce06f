"""What a rendered LiteLLM configuration must satisfy before it may reach a pod."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from infra.documents import InvalidConfiguration
from infra.proxy_config.allowed_keys import ALLOWED_KEYS, SECTIONS
from infra.proxy_config.enterprise_keys import unlicensed

ENVIRONMENT_PREFIX = "os.environ/"


def check_litellm_config(config: Mapping[str, Any], environment: frozenset[str]) -> None:
    """Raise InvalidConfiguration with every problem of a parsed configuration.

    ``environment`` has the names of all variables that the pods are given.
    """
    problems = [
        *_unknown_keys(config),
        *_missing_variables(config, environment),
        *_repeated_deployments(config["model_list"]),
        *_unknown_targets(config),
        *unlicensed(config, environment),
    ]
    if problems:
        raise InvalidConfiguration("LiteLLM's configuration", problems)


def _unknown_keys(config: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(config.keys() - SECTIONS):
        yield f"{name}: unknown section; known are {', '.join(sorted(SECTIONS))}"
    for path, allowed in ALLOWED_KEYS.items():
        for mapping in _mappings(config, path):
            for key in sorted(mapping.keys() - allowed):
                yield f"{path}.{key}: unknown key; known are {', '.join(sorted(allowed))}"


def _mappings(config: Mapping[str, Any], path: str) -> Iterator[Mapping[str, Any]]:
    """Every mapping at a path, in which ``[]`` stands for each item of a list."""
    found: list[Any] = [config]
    for part in path.split("."):
        found = [
            mapping[part.removesuffix("[]")]
            for mapping in found
            if part.removesuffix("[]") in mapping
        ]
        if part.endswith("[]"):
            found = [item for items in found for item in items]
    yield from found


def _missing_variables(config: Mapping[str, Any], environment: frozenset[str]) -> Iterator[str]:
    for path, text in _texts(config, ""):
        name = text.removeprefix(ENVIRONMENT_PREFIX)
        if text.startswith(ENVIRONMENT_PREFIX) and name not in environment:
            yield f"{path}: the pods have no variable {name}"


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


def _repeated_deployments(models: list[Mapping[str, Any]]) -> Iterator[str]:
    if not models:
        yield "model_list: it is empty; a gateway needs at least one model"
    for name, count in Counter(model["model_info"]["id"] for model in models).items():
        if count > 1:
            yield (
                f"model_list: {count} deployments have the identity {name}; give them different "
                "regions or names"
            )


def _unknown_targets(config: Mapping[str, Any]) -> Iterator[str]:
    router = config.get("router_settings", {})
    aliases = router.get("model_group_alias", {})
    names = {model["model_name"] for model in config["model_list"]}
    for alias, target in aliases.items():
        if alias in names:
            yield f"router_settings.model_group_alias.{alias}: is the name of a model already"
        if target not in names:
            yield f"router_settings.model_group_alias.{alias}: there is no model {target}"
    for entry in router.get("fallbacks", []):
        for source, targets in entry.items():
            for name in (source, *targets):
                if name not in names | aliases.keys():
                    yield f"router_settings.fallbacks.{source}: there is no model {name}"
            if source in targets:
                yield f"router_settings.fallbacks.{source}: falls back to itself"
