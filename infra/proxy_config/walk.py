"""Ways through a parsed configuration, whatever shape it has."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_KINDS: Mapping[type, str] = {
    bool: "true or false", str: "a text", list: "a list", dict: "a mapping",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Place:
    """A value and where it stands.

    ``path`` is for people, such as ``model_list[0].litellm_params.rpm``; ``pattern`` is the same
    for all items of a list, such as ``model_list[].litellm_params.rpm``. ``key`` is the last name
    on the way, which tells what a value is.
    """

    path: str
    pattern: str
    key: str
    value: Any

    def child(self, key: str, *, pattern: str | None = None) -> "Place":
        """Return the place of a mapping's key, of which ``pattern`` may stand for any other."""
        return Place(
            path=f"{self.path}.{key}".lstrip("."),
            pattern=f"{self.pattern}.{pattern or key}".lstrip("."),
            key=key,
            value=self.value[key],
        )

    def items(self) -> Iterator["Place"]:
        """Yield the places of a list's items."""
        for index, item in enumerate(self.value):
            yield Place(
                path=f"{self.path}[{index}]", pattern=f"{self.pattern}[]", key=self.key, value=item
            )


def root(config: Mapping[str, Any]) -> Place:
    """Return the place of a whole configuration."""
    return Place(path="", pattern="", key="", value=config)


def everything(place: Place) -> Iterator[Place]:
    """Yield a place and all places below it."""
    yield place
    if isinstance(place.value, Mapping):
        for key in place.value:
            yield from everything(place.child(str(key)))
    elif isinstance(place.value, list):
        for item in place.items():
            yield from everything(item)


def at(config: Mapping[str, Any], pattern: str) -> Iterator[Place]:
    """Yield the places of a pattern, such as ``model_list[].model_info.id``."""
    found = [root(config)]
    for part in pattern.split("."):
        key = part.removesuffix("[]")
        found = [
            place.child(key)
            for place in found
            if isinstance(place.value, Mapping) and key in place.value
        ]
        if part.endswith("[]"):
            found = [
                item for place in found if isinstance(place.value, list) for item in place.items()
            ]
    yield from found


def kind(value: object) -> str:
    """Return what a value is, in words."""
    if value is None:
        return "empty"
    return _KINDS.get(type(value), "a number")
