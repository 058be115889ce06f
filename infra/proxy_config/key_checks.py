"""Every key of a configuration is one that LiteLLM reads, stands once, and where it is read."""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.proxy_config.allowed_keys import ALLOWED_KEYS, FREE_KEYS, REQUIRED_KEYS, SECTIONS
from infra.proxy_config.walk import Place, kind, root
from infra.suggestions import unknown

_SHAPES: Mapping[str, type[list[Any]] | type[dict[str, Any]]] = {
    **{pattern: list if f"{pattern}[]" in ALLOWED_KEYS else dict for pattern in SECTIONS},
    **dict.fromkeys(ALLOWED_KEYS, dict),
}


def key_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield keys that nobody reads, that are missing, or that hold the wrong kind of value."""
    yield from _of_mapping(root(config))


def _of_mapping(place: Place) -> Iterator[str]:
    for key in sorted(REQUIRED_KEYS.get(place.pattern, frozenset()) - place.value.keys()):
        yield f"{place.path}.{key}: is missing".lstrip(".")
    if place.pattern in FREE_KEYS:
        for key in place.value:
            yield from _below(place.child(key, pattern="*"))
        return
    known = SECTIONS if not place.pattern else ALLOWED_KEYS.get(place.pattern)
    if known is None:
        yield (
            f"{place.path}: nobody has said which keys may stand here; list them in "
            f"infra/proxy_config/allowed_keys.py under {place.pattern}"
        )
        return
    for key in place.value:
        if key in known:
            yield from _below(place.child(key))
        else:
            yield f"{place.path}.{key}: {_unknown(place.pattern, str(key), known)}".lstrip(".")


def _below(place: Place) -> Iterator[str]:
    wanted = _SHAPES.get(place.pattern)
    if wanted and place.value is not None and not isinstance(place.value, wanted):
        yield f"{place.path}: is {kind(place.value)}; must be {kind(wanted())}"
    elif isinstance(place.value, Mapping):
        yield from _of_mapping(place)
    elif isinstance(place.value, list):
        for item in place.items():
            yield from _below(item)


def _unknown(pattern: str, key: str, known: frozenset[str]) -> str:
    """Return what to say of a key: it may be known elsewhere, or be spelt another way."""
    elsewhere = sorted(
        path for path, keys in ALLOWED_KEYS.items() if key in keys and path != pattern
    )
    if elsewhere:
        return f"unknown key here; it belongs in {' or '.join(elsewhere)}"
    return unknown("section" if not pattern else "key", key, known)
