"""What AWS answers becomes properties again, in the spelling that the program used.

AWS gives a policy back with other white space, a set in another order, and structures with more
members than were asked for. What means the same keeps the spelling of the program, so that only
real drift shows.
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jmespath

from sandbox.providers.aws import sdk
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.parameters import known_properties
from sandbox.providers.aws.table import Properties, ResourceType

_EMPTY: tuple[Any, ...] = (None, "", [], {}, False, 0)


def described(context: Context, description: Mapping[str, Any]) -> Properties:
    """Return the resource's properties out of AWS's description of it.

    A property that the description does not speak of keeps its value, the program's or the state's.
    """
    kind, known = context.kind, sdk.resource_class(context.kind.type)
    prior = {**context.outputs, **context.inputs}
    folded = {_folded(name): name for name in description}
    result: Properties = {}
    for name, declared in known.outputs.items():
        found, value = _find(context, description, folded, name)
        if found and name in kind.unset_when_absent and value is None:
            continue
        if not found or value is None:
            if name not in kind.unset_when_absent and prior.get(name) is not None:
                result[name] = prior[name]
            continue
        value = to_properties(kind, value, (name,), prior.get(name))
        if declared.is_list and not isinstance(value, list):
            value = [value]
        if not declared.is_list and isinstance(value, list):
            value = value[0] if value else None
        for path in kind.unread:
            if path.startswith(f"{name}."):
                value = _with_member(value, prior.get(name), path.split(".")[1:])
        if value is not None:
            result[name] = reconciled(prior.get(name), value, is_map=declared.is_map)
    return result


def _with_member(value: Any, prior: Any, path: list[str]) -> Any:
    """Return the value with the member at the path as the prior one has it."""
    if isinstance(value, list) and isinstance(prior, list):
        pairs = zip(value, [*prior, *[None] * len(value)], strict=False)
        return [_with_member(item, other, path) for item, other in pairs]
    if isinstance(value, Mapping) and isinstance(prior, Mapping) and path[0] in prior:
        member = prior[path[0]]
        if path[1:]:
            member = _with_member(value.get(path[0], {}), member, path[1:])
        return {**value, path[0]: member}
    return value


def _find(
    context: Context, description: Mapping[str, Any], folded: Mapping[str, str], name: str
) -> tuple[bool, Any]:
    """Return whether the description speaks of the property and what it says."""
    kind = context.kind
    if name in kind.unread:
        return False, None
    if name in kind.outputs:
        rule = kind.outputs[name]
        if callable(rule):
            return True, rule(context, description)
        return True, jmespath.search(rule, description)
    if name == "arn" and kind.arn:
        return True, kind.arn.format_map(context.values)
    if name in kind.rename:
        value: Any = description
        for part in kind.rename[name].split("."):
            if not isinstance(value, Mapping) or part not in value:
                break
            value = value[part]
        else:
            return True, value
    for candidate in (_folded(name), f"{_folded(name)}s", _folded(name).removesuffix("s")):
        if candidate in folded:
            return True, description[folded[candidate]]
    return name in kind.unset_when_absent, None


def to_properties(kind: ResourceType, value: Any, path: tuple[str, ...], prior: Any = None) -> Any:
    """Return a value of AWS's with the names that the properties have."""
    if isinstance(value, Mapping):
        single = prior[0] if isinstance(prior, list) and prior else prior
        spelled = {_folded(key): key for key in single} if isinstance(single, Mapping) else {}
        renamed = _inverse_names(kind, path)
        result = {}
        for key, item in value.items():
            name = renamed.get(key) or spelled.get(_folded(key)) or lower_camel(key)
            inner = single.get(name) if isinstance(single, Mapping) else None
            result[name] = to_properties(kind, item, (*path, name), inner)
        return [result] if isinstance(prior, list) else result
    if isinstance(value, list):
        priors = prior if isinstance(prior, list) else [prior]
        items = [
            to_properties(kind, item, path, priors[min(index, len(priors) - 1)] if priors else None)
            for index, item in enumerate(value)
        ]
        if isinstance(prior, Mapping):
            return items[0] if items else None
        return items
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def reconciled(prior: Any, actual: Any, is_map: bool = False) -> Any:
    """Return the actual value, in the prior one's spelling wherever they mean the same."""
    if isinstance(prior, Mapping) and isinstance(actual, Mapping):
        result = {}
        for key in prior:
            if key in actual:
                result[key] = reconciled(prior[key], actual[key])
            elif prior[key] in _EMPTY:
                result[key] = prior[key]
        return result | {key: item for key, item in actual.items() if key not in prior}
    if isinstance(prior, list) and isinstance(actual, list):
        return _reconciled_list(prior, actual)
    return prior if equivalent(prior, actual) else actual


def _reconciled_list(prior: list[Any], actual: list[Any]) -> list[Any]:
    """Return the actual items, those that the prior list has in its order, then the others."""
    rest, result = list(actual), []
    for item in prior:
        match = next((other for other in rest if covers(other, item)), None)
        if match is not None:
            rest.remove(match)
            result.append(reconciled(item, match))
    if len(result) == len(prior) or not rest:
        return result + rest
    return [
        reconciled(item, other) if isinstance(other, Mapping) else other
        for item, other in zip([*prior, *[None] * len(actual)], actual, strict=False)
    ]


def covers(actual: Any, prior: Any) -> bool:
    """Whether the actual value has everything that the prior one says, and maybe more."""
    if isinstance(prior, Mapping) and isinstance(actual, Mapping):
        return all(
            covers(actual[key], item) if key in actual else item in _EMPTY
            for key, item in prior.items()
        )
    if isinstance(prior, list) and isinstance(actual, list):
        rest = list(actual)
        for item in prior:
            match = next((other for other in rest if covers(other, item)), None)
            if match is None:
                return False
            rest.remove(match)
        return not rest
    return equivalent(prior, actual)


def narrowed(prior: Any, actual: Any, is_map: bool = False) -> Any:
    """Return the actual value without the members of structures that the prior one leaves out."""
    if isinstance(prior, Mapping) and isinstance(actual, Mapping) and not is_map:
        return {key: narrowed(prior[key], actual[key]) for key in prior if key in actual}
    if isinstance(prior, list) and isinstance(actual, list):
        padded = [*prior, *[None] * len(actual)]
        return [narrowed(item, other) for item, other in zip(padded, actual, strict=False)]
    return actual


def equivalent(left: Any, right: Any) -> bool:
    """Whether two values mean the same: as JSON documents, as numbers, or as they are."""
    if left == right:
        return True
    if isinstance(left, str) and isinstance(right, str):
        left, right = _document(left), _document(right)
        return left is not None and left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return str(left).lower() == str(right).lower()
    if isinstance(left, str | int | float) and isinstance(right, str | int | float):
        return str(left) == str(right)
    return False


def actual_inputs(context: Context, properties: Properties) -> Properties:
    """Return the inputs that would make the resource as it now is.

    What the program left out stays out where AWS chooses the value; elsewhere a value that has
    appeared since is drift, and becomes an input. Without prior inputs (an import) all that is set
    counts.
    """
    kind, known = context.kind, sdk.resource_class(context.kind.type)
    importing = not context.inputs
    result = {key: value for key, value in context.inputs.items() if key.startswith("__")}
    for name in known_properties(kind):
        declared, value = known.inputs[name], properties.get(name)
        if name in context.inputs:
            if value is not None:
                result[name] = narrowed(context.inputs[name], value, is_map=declared.is_map)
            elif context.inputs[name] in _EMPTY:
                result[name] = context.inputs[name]
        elif importing and value in _EMPTY and name in kind.defaults:
            result[name] = kind.defaults[name]
        elif value in _EMPTY or (importing and name == "region"):
            continue
        elif importing or (not known.is_computed(name) and value != context.outputs.get(name)):
            result[name] = value
    return result


def lower_camel(name: str) -> str:
    """Return AWS's name of a member in Pulumi's spelling: ``VpcId``, ``KMSKeyId``, ``ARN``."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", name.replace("_", ""))
    return "".join(word.lower() if i == 0 else word.capitalize() for i, word in enumerate(words))


def _inverse_names(kind: ResourceType, path: tuple[str, ...]) -> dict[str, str]:
    prefix = ".".join(path) + "."
    return {
        target: name.removeprefix(prefix)
        for name, target in kind.rename.items()
        if name.startswith(prefix) and "." not in name.removeprefix(prefix)
    }


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


def _document(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None
