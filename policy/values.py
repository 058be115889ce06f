"""Reading inputs: nested values, keys, documents."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError

from policy.resource_types import KEY, REPLICA_KEY
from policy.stack import Resource, Stack

EVERYONE = frozenset({"0.0.0.0/0", "::/0"})


def at(values: Any, *path: str | int) -> Any:
    """Return the value at a path, or None where the path ends early."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(values, Sequence) or isinstance(values, str) or step >= len(values):
                return None
            values = values[step]
        elif isinstance(values, Mapping):
            values = values.get(step)
        else:
            return None
    return values


def items(value: Any) -> list[Any]:
    """Return a value that may be absent, one thing or several as a list."""
    if value is None:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return [value]


def given(resource: Resource, key: str) -> bool:
    """Whether an input is set; one that is not known yet is."""
    try:
        return bool(resource.inputs.get(key))
    except UnknownValueError:
        return True


def own_key(resource: Resource, stack: Stack, *path: str | int) -> bool:
    """Whether the key at a path is a customer-managed one: of this stack, or given by its ARN."""
    try:
        key = at(resource.inputs, *path)
    except UnknownValueError:
        if stack.behind(resource, str(path[0]), KEY, REPLICA_KEY):
            return True
        raise
    return bool(key) and "alias/aws/" not in key


def statements(document: Any) -> list[Mapping[str, Any]]:
    """Return the statements of an IAM document, which may be text."""
    parsed = json.loads(document) if isinstance(document, str) else document
    return items(at(parsed, "Statement"))


def principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the kind and name of every principal; ``*`` stands for the kind ``AWS``."""
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield "AWS", principal
    elif isinstance(principal, Mapping):
        for kind, names in principal.items():
            for name in items(names):
                yield kind, name


def conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield operator, key and value of every condition."""
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            for value in items(values):
                yield operator, key, str(value)
