"""Holds a value against a type of LiteLLM's: keys that it does not have, values that do not fit.

Pydantic alone passes over unknown keys, and takes ``"60"`` for a number where LiteLLM sets an
attribute to the text.
"""

import difflib
import inspect
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation
from typing_extensions import get_type_hints, is_typeddict

_REFERENCE = "os.environ/"
_UNION: Any = Union  # of members that are only known when it runs
# Whose values no message repeats.
_SECRET = re.compile(r"key|password|secret|token|credential|license|url", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Keys:
    """The keys that code reads from a mapping, each with its type."""

    types: Mapping[str, Any]
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Shapes:
    """What LiteLLM reads, where its types do not tell it themselves."""

    at: Mapping[str, Any]
    """Path, with ``[]`` for items → the type that reads what is declared as a plain dict."""
    extra: Mapping[Any, frozenset[str] | None] = field(default_factory=dict)
    """Type → further keys that it lets through and that are read; None: any."""


def problems_of(path: str, value: Any, annotation: Any, shapes: Shapes) -> Iterator[str]:
    """Yield what in a value LiteLLM would pass over, refuse or misread."""
    if isinstance(value, str) and value.startswith(_REFERENCE):
        return
    options = _options(shapes.at.get(_pattern(path), annotation))
    if isinstance(value, Mapping):
        if models := [option for option in options if _fields(option) is not None]:
            yield from _of_mapping(path, value, models, shapes)
            return
        if items := _items(options, Mapping, 1):
            for key, item in value.items():
                yield from problems_of(f"{path}.{key}", item, items, shapes)
            return
    if isinstance(value, list) and (items := _items(options, Sequence, 0)):
        for index, item in enumerate(value):
            yield from problems_of(f"{path}[{index}]", item, items, shapes)
        return
    for place, given, mismatch in _mismatches(value, options):
        known = isinstance(given, bool | float | int | str) and not _SECRET.search(path)
        yield f"{path}{place}: {f'is {json.dumps(given)}; ' if known else ''}{mismatch}"


def _of_mapping(
    path: str, value: Mapping[str, Any], models: Sequence[Any], shapes: Shapes
) -> Iterator[str]:
    known: dict[str, tuple[Any, bool]] = {}
    for model in models:
        known |= _fields(model) or {}
    extra = [shapes.extra.get(model, frozenset()) for model in models]
    for key, item in value.items():
        if key in known:
            yield from problems_of(f"{path}.{key}".lstrip("."), item, known[key][0], shapes)
        elif any(names is None or key in names for names in extra):
            yield from problems_of(f"{path}.{key}", item, Any, shapes)
        else:
            yield f"{path}.{key}: LiteLLM reads no such key{_meant(key, known)}".lstrip(".")
    for key, (_, required) in known.items():
        if required and key not in value and len(models) == 1:
            yield f"{path}.{key}: is missing"


def from_signature(function: Callable[..., Any], *further: Callable[..., Any]) -> Keys:
    """Return the parameters of functions as keys; where several have one, the first's counts."""
    found: dict[str, Any] = {}
    for each in (*further[::-1], function):
        for name, parameter in inspect.signature(each).parameters.items():
            if name != "self" and parameter.kind not in _COLLECTING and not name.startswith("_"):
                module = inspect.getmodule(each)
                found[name] = resolved(parameter.annotation, vars(module) if module else {})
    return Keys(found)


_COLLECTING = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def resolved(annotation: Any, names: Mapping[str, Any]) -> Any:
    """Return the type that an annotation of a module with these names is; Any if it is none."""
    if annotation is inspect.Parameter.empty:
        return Any
    if isinstance(annotation, str):
        try:
            return eval(annotation, dict(names))  # noqa: S307 - LiteLLM's own source
        except (NameError, TypeError):  # a name that only type checkers import
            return Any
    return annotation


def _fields(model: Any) -> dict[str, tuple[Any, bool]] | None:
    """Return the keys of a model or a TypedDict: each one's type, and whether it must be there."""
    if isinstance(model, Keys):
        return {name: (hint, name in model.required) for name, hint in model.types.items()}
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {
            info.alias or name: (_with_limits(info), info.is_required())
            for name, info in model.model_fields.items()
        }
    if is_typeddict(model):
        required = model.__required_keys__
        return {name: (hint, name in required) for name, hint in get_type_hints(model).items()}
    return None


def _with_limits(info: Any) -> Any:
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _options(annotation: Any) -> list[Any]:
    """Return the members of a union; None only says that the key may be left out."""
    if get_origin(annotation) in (Union, types.UnionType):
        return [
            option
            for member in get_args(annotation)
            if member is not types.NoneType
            for option in _options(member)
        ]
    return [annotation]


def _items(options: Sequence[Any], container: type, position: int) -> Any:
    """Return the type of the items of a list or mapping, if their keys can be told from it."""
    for option in options:
        origin, arguments = get_origin(option), get_args(option)
        if isinstance(origin, type) and issubclass(origin, container) and arguments:
            items = arguments[min(position, len(arguments) - 1)]
            if any(_fields(item) is not None for item in _options(items)):
                return items
    return None


def _mismatches(value: Any, options: Sequence[Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield what does not fit: its place inside of the value, what is there, what is wrong."""
    if Any in options:
        return
    plain = [dict[str, Any] if isinstance(option, Keys) else option for option in options]
    try:
        TypeAdapter(_UNION[tuple(plain)]).validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        if len(plain) > 1:  # a line for each member of the union would only confuse
            told = dict.fromkeys(detail["msg"] for detail in error.errors())
            yield "", value, " or ".join(told)
            return
        for detail in error.errors():
            yield written(detail["loc"]), detail["input"], detail["msg"]
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError):
        pass  # a type of code, which no text can be


def written(location: Sequence[str | int]) -> str:
    """Return a location of Pydantic's as the end of a path, such as ``[0].name``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _meant(key: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _pattern(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)
