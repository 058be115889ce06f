"""Models, their deployments and access groups, and every name that must be one of theirs."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from infra.proxy_config.walk import Place, at, kind
from infra.suggestions import hint, unknown

# What keys are granted: everything of a provider, everything of a tier.
_ACCESS_GROUPS = {
    "provider": re.compile(r"provider:[a-z0-9][a-z0-9_-]*"),
    "tier": re.compile(r"tier:[1-3]"),
}
_BY_MODEL = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
# LiteLLM's name of "every model that has no fallbacks of its own".
_ANY_MODEL = "*"


def model_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the models, and with the names that refer to them."""
    yield from _deployments(config)
    names = {str(place.value) for place in at(config, "model_list[].model_name")}
    aliases = _mapping(config, "router_settings.model_group_alias")
    yield from _alias_problems(aliases, names)
    known = names | aliases.keys()
    for section in _BY_MODEL:
        for place in at(config, f"router_settings.{section}[]"):
            yield from _fallback_problems(section, place, known)
    for place in at(config, "router_settings.default_fallbacks[]"):
        yield from _no_such_model(place.path, place.value, known)


def _deployments(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("model_list") == []:
        yield "model_list: it is empty; a gateway needs at least one model"
    identities = Counter(str(place.value) for place in at(config, "model_list[].model_info.id"))
    for name, count in identities.items():
        if count > 1:
            yield (
                f"model_list[].model_info.id: {count} deployments have the identity {name}; give "
                "them different regions or names"
            )
    for place in at(config, "model_list[].litellm_params.model"):
        if not re.fullmatch(r"[a-z0-9_]+/\S+", str(place.value)):
            yield (
                f"{place.path}: is {place.value!r}; must be a provider, a slash and its model, "
                "such as bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
            )
    for place in at(config, "model_list[].model_name"):
        if not isinstance(place.value, str) or not place.value.strip():
            yield f"{place.path}: is {place.value!r}, {kind(place.value)}; must be a name"
    for place in at(config, "model_list[].model_info.access_groups"):
        yield from _access_group_problems(place)


def _access_group_problems(place: Place) -> Iterator[str]:
    groups = place.value
    if not isinstance(groups, list):
        yield f"{place.path}: is {kind(groups)}; must be a list such as [provider:bedrock, tier:1]"
        return
    for group in groups:
        prefix = str(group).partition(":")[0]
        form = _ACCESS_GROUPS.get(prefix)
        if form is None:
            yield f"{place.path}: has {group}: {unknown('prefix', prefix, _ACCESS_GROUPS)}"
        elif not form.fullmatch(str(group)):
            yield f"{place.path}: is {group!r}; must be provider:NAME or tier:1 to tier:3"
    for missing in sorted(_ACCESS_GROUPS.keys() - {str(item).partition(":")[0] for item in groups}):
        yield f"{place.path}: has no {missing} group, by which keys are granted models"


def _alias_problems(aliases: Mapping[str, Any], names: set[str]) -> Iterator[str]:
    for alias, target in aliases.items():
        path = f"router_settings.model_group_alias.{alias}"
        if alias in names:
            yield f"{path}: is the name of a model already"
        name = target.get("model") if isinstance(target, Mapping) else target
        yield from _no_such_model(path, name, names)


def _fallback_problems(section: str, place: Place, known: set[str]) -> Iterator[str]:
    if not isinstance(place.value, Mapping) or len(place.value) != 1:
        # Router.validate_fallbacks in litellm/router.py
        yield f"{place.path}: must be one model with the list of those that answer in its place"
        return
    ((source, targets),) = place.value.items()
    path = f"router_settings.{section}.{source}"
    if source != _ANY_MODEL:
        yield from _no_such_model(path, source, known)
    # Without one, requests of this kind fail in place of those that fall back by default.
    may_be_empty = section != "fallbacks"
    if not isinstance(targets, list) or not (targets or may_be_empty):
        yield f"{path}: is {kind(targets)}; must be a list of at least one model"
        return
    # A target may be a mapping that also changes parameters of the request.
    chosen = [item.get("model") if isinstance(item, Mapping) else item for item in targets]
    for name in chosen:
        yield from _no_such_model(path, name, known)
    if source in chosen:
        yield f"{path}: falls back to itself"


def _no_such_model(path: str, name: object, known: set[str]) -> Iterator[str]:
    if name not in known:
        yield f"{path}: there is no model {name}; {hint(str(name), known)}"


def _mapping(config: Mapping[str, Any], pattern: str) -> Mapping[str, Any]:
    for place in at(config, pattern):
        if isinstance(place.value, Mapping):
            return place.value
    return {}
