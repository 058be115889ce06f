"""Values of properties as a report may show them: secrets and what is not known yet are words."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.engine_marks import SIGNATURE, UNKNOWN_TEXTS

# A property of this name is a secret even where a program forgot to mark it so.
_SECRET_NAME = re.compile(
    r"(password|passphrase|token|credentials?|privateKey|apiKey|secretKey|accessKey|clientSecret"
    r"|secretString|secretBinary)$",
    re.IGNORECASE,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Word:
    """What stands in place of a value."""

    text: str

    def __repr__(self) -> str:
        return self.text


SECRET = Word("[secret]")
UNKNOWN = Word("[known after the update]")
ABSENT = Word("[not set]")
CHOSEN = Word("[chosen by the provider]")


def readable(value: Any, hide: Callable[[str], str], name: str = "") -> Any:
    """Return a value of the engine's with words for secrets and for what is not known yet.

    ``hide`` does the same inside texts.
    """
    if isinstance(value, Mapping):
        if SIGNATURE in value:
            return SECRET
        return {key: readable(one, hide, key) for key, one in value.items()}
    if isinstance(value, list):
        return [readable(one, hide, name) for one in value]
    if not isinstance(value, str):
        return value
    if value in UNKNOWN_TEXTS:
        return UNKNOWN
    if value == SECRET.text or (value and _SECRET_NAME.search(name)):
        return SECRET
    return hide(value)


def at(value: Any, path: Path) -> Any:
    """Return the value at a path, :data:`ABSENT` where there is none."""
    for step in path:
        if isinstance(value, Word):
            return value
        if isinstance(step, int) and isinstance(value, Sequence) and not isinstance(value, str):
            value = value[step] if step < len(value) else ABSENT
        elif isinstance(value, Mapping):
            value = value.get(step, ABSENT)
        else:
            return ABSENT
    return value


def leaves(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Yield the innermost differences of two values: path, old, new."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in (*old, *(key for key in new if key not in old)):
            yield from leaves(old.get(key, ABSENT), new.get(key, ABSENT), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from leaves(at(old, (index,)), at(new, (index,)), (*path, index))
    elif isinstance(old, Mapping) and new is ABSENT:
        for key, one in old.items():
            yield from leaves(one, ABSENT, (*path, key))
    elif isinstance(new, Mapping) and old is ABSENT:
        for key, one in new.items():
            yield from leaves(ABSENT, one, (*path, key))
    elif old != new or old is UNKNOWN:
        yield path, old, new


_STEP = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.\[\]]+)')


def parse_path(text: str) -> Path:
    """Return a property's path of the engine, such as ``ingress[0].cidr`` or ``tags["a.b"]``."""
    return tuple(
        quoted.replace('\\"', '"') if quoted else int(index) if index else name
        for quoted, index, name in _STEP.findall(text)
    )


def path_text(path: Path) -> str:
    """Return a path as the engine writes it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.fullmatch(r"[^.\[\]\"]+", step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def value_text(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, Word):
        return value.text
    if isinstance(value, str):
        return value
    return json.dumps(value, default=repr, ensure_ascii=False, sort_keys=True)
