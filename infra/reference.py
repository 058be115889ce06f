"""Writes the configuration reference of the README from the settings model."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from infra.naming import PROJECT_ROOT
from infra.settings import Settings

README = PROJECT_ROOT / "README.md"
Row: TypeAlias = tuple[str, str, str]
_BEGIN, _END = "<!-- reference: begin -->", "<!-- reference: end -->"

# How one of several is written, by what holds them.
_SEVERAL: Mapping[Any, str] = {tuple: "[]", dict: ".<name>"}


def rows(model: type[BaseModel], prefix: str = "", needed: str = "") -> Iterator[Row]:
    """Yield key, default and description of every setting, depth first.

    ``needed`` is what is said of a key without a default: when it has to be given.
    """
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        nested, several = _nested(field)
        if not nested:
            yield key, _default(field, needed), _meaning(field)
        elif several:
            yield from rows(nested, f"{key}{several}.", " in each")
        else:
            within = f" where `{key}` is set" if field.default is None else needed
            yield from rows(nested, f"{key}.", within)


def _nested(field: FieldInfo) -> tuple[type[BaseModel] | None, str]:
    """Return the section that a field holds, and how one of several is written."""
    several = _SEVERAL.get(get_origin(field.annotation), "")
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate, several
    return None, several


def _default(field: FieldInfo, needed: str) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return f"required{needed}"
    if value is None:
        return "unset"
    if value in ((), {}, ""):
        return "none"
    if isinstance(value, tuple):
        return _listed(value)
    if isinstance(value, Mapping):
        return _listed(f"{key}: {one}" for key, one in value.items())
    return _listed([value])


def _meaning(field: FieldInfo) -> str:
    """Return the description, with the values that may be given unless it names all of them."""
    text = field.description or ""
    values = list(dict.fromkeys(_values(field.annotation)))
    if all(f"`{value}`" in text for value in values):
        return text
    told = "Some of" if get_origin(field.annotation) is tuple else "One of"
    if get_origin(field.annotation) is dict:
        told = "Keys are" if any(_values(get_args(field.annotation)[0])) else "Values are"
    return f"{text} {told} {_listed(values)}."


def _values(annotation: Any) -> Iterator[object]:
    """Yield what a literal or an enumeration allows, wherever it stands in an annotation."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from annotation
    else:
        for part in get_args(annotation):
            yield from _values(part)


def _listed(values: Iterable[object]) -> str:
    shown = (str(one).lower() if isinstance(one, bool) else str(one) for one in values)
    return ", ".join(f"`{one}`" for one in shown)


def table() -> str:
    """Return the reference as a Markdown table."""
    lines = ["| Key | Default | Meaning |", "|---|---|---|"]
    lines += [f"| `{key}` | {default} | {text} |" for key, default, text in rows(Settings)]
    return "\n".join(lines)


def with_reference(text: str) -> str:
    """Return a README with the present reference between its two marks."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{table()}\n{_END}{after}"


def main(readme: Path = README) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="change the README")
    if parser.parse_args().write:
        readme.write_text(with_reference(readme.read_text()))
    else:
        sys.stdout.write(table() + "\n")


if __name__ == "__main__":
    main()
