"""What is wrong with a setting, in words: the key, what it was, and what would be right."""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from infra.setting_sections.secrets import SALT_KEY_REASON
from infra.suggestions import unknown

# Keys that one might expect, and why there are none.
_NO_SETTINGS = {"rotation.saltKey": f"{SALT_KEY_REASON}; leave it out"}


def describe(key: str, annotation: Any, error: ValidationError) -> Iterator[str]:
    """Yield a line for each error of a setting: its key, what is wrong, and what was given."""
    for detail in error.errors():
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]
        )
        if detail["type"] == "extra_forbidden":
            # What stands there may be a secret that was put into the wrong place.
            *parents, name = detail["loc"]
            known = _keys_at(annotation, parents)
            reason = _NO_SETTINGS.get(f"{key}{path}") or unknown("key", str(name), known)
            yield f"{key}{path}: {reason}"
            continue
        message = detail["msg"].removeprefix("Value error, ")
        given = detail["input"]
        shown = f" (given {given!r})" if isinstance(given, str | int | float | bool) else ""
        yield f"{key}{path}: {message}{shown}"


def _keys_at(annotation: Any, location: Iterable[str | int]) -> Iterator[str]:
    """Yield the keys of the section that a location inside of a setting leads to."""
    sections = list(_sections(annotation))
    for part in location:
        fields = [
            field
            for section in sections
            for name, field in section.model_fields.items()
            if part in (name, field.alias)
        ]
        # All other parts are indexes of lists and names that a person chose.
        if fields:
            sections = [found for field in fields for found in _sections(field.annotation)]
    for section in sections:
        yield from (field.alias or name for name, field in section.model_fields.items())


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every section that a type may hold: itself, in a list, or one of several."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)
