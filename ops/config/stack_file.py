"""A stack's file as the engine would hand it to the program, but for what is encrypted."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.documents import InvalidConfiguration, parse_yaml
from infra.suggestions import unknown
from infra.supplied_secrets import ENCRYPTED, SUPPLIED_SECRETS_KEY
from ops.stack_option import stack_names
from sandbox.paths import PROJECT_ROOT
from sandbox.stack_files import PROJECT

# Namespaces of the providers that the program uses; the engine passes every other one over.
_NAMESPACES = (PROJECT, "aws", "kubernetes", "pulumi", "random")


class UnknownStack(Exception):
    """There is no file of a stack of this name."""


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """What a stack's file says.

    ``configuration`` is full key → text or JSON; an encrypted value is the word ``[encrypted]``.
    ``encrypted`` are the keys of those, ``problems`` what the engine would pass over in silence.
    """

    name: str
    configuration: Mapping[str, str]
    encrypted: tuple[str, ...]
    problems: tuple[str, ...]


def read_stack_file(stack: str, directory: Path = PROJECT_ROOT) -> StackFile:
    """Read ``Pulumi.<stack>.yaml``; raise UnknownStack or InvalidConfiguration."""
    path = directory / f"Pulumi.{stack}.yaml"
    if not path.exists():
        raise UnknownStack(unknown("stack", stack, stack_names(directory)))
    config = parse_yaml(path.name, path.read_text(encoding="utf-8")).get("config") or {}
    if not isinstance(config, dict):
        raise InvalidConfiguration(path.name, ["config: must be a mapping"])
    plain, encrypted = {}, []
    for key, value in config.items():
        # As the engine does: loaders.go in sdk/go/common/workspace of Pulumi 3.259.
        full = key if ":" in key else f"{PROJECT}:{key}"
        plain[full], places = _without_ciphertext(value, full.removeprefix(f"{PROJECT}:"))
        encrypted += places
    return StackFile(
        name=path.name,
        configuration={
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in plain.items()
        },
        encrypted=tuple(
            place for place in encrypted if not place.startswith(f"{SUPPLIED_SECRETS_KEY}.")
        ),
        problems=tuple(_passed_over(plain)),
    )


def _without_ciphertext(value: Any, path: str) -> tuple[Any, list[str]]:
    """Return a value with words for ciphertexts, and the places where they stood."""
    if isinstance(value, dict):
        if value.keys() == {"secure"}:
            return ENCRYPTED, [path]
        pairs = {key: _without_ciphertext(item, f"{path}.{key}") for key, item in value.items()}
        return {key: item for key, (item, _) in pairs.items()}, [
            place for _, places in pairs.values() for place in places
        ]
    if isinstance(value, list):
        items = [_without_ciphertext(item, f"{path}[{n}]") for n, item in enumerate(value)]
        return [item for item, _ in items], [place for _, places in items for place in places]
    return value, []


def _passed_over(config: Iterable[str]) -> Iterator[str]:
    for key in config:
        namespace = key.partition(":")[0]
        if namespace not in _NAMESPACES:
            yield f"{key}: {unknown('namespace', namespace, _NAMESPACES)}"
