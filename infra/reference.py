"""Writes the configuration reference of the README from the settings model."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from infra.naming import PROJECT_ROOT
from infra.settings import Settings

README = PROJECT_ROOT / "README.md"
_BEGIN, _END = "<!-- reference: begin -->", "<!-- reference: end -->"


def rows(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield key, default and description of every setting, depth first."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        nested, repeated = _nested(field)
        if nested:
            yield from rows(nested, f"{key}[]." if repeated else f"{key}.")
        else:
            yield key, _default(field), field.description or ""


def _nested(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    repeated = get_origin(field.annotation) is tuple
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate, repeated
    return None, False


def _default(field: FieldInfo) -> str:
    value: Any = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "unset"
    if value in ((), {}):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


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
