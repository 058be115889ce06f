"""Properties of the program become parameters of AWS operations, and are validated on the way."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from sandbox.providers.aws import sdk, service_model
from sandbox.providers.aws.service_model import AnyShape
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.properties import UNKNOWN, Path, has_unknowns


@dataclass(frozen=True)
class Failure:
    """What is wrong with a resource's inputs, and where."""

    path: Path
    reason: str


def operation_shape(kind: ResourceType, call: Call) -> AnyShape | None:
    """Return the shape of the call's parameters; None for an operation without any."""
    return service_model.operation(call.service or kind.service, call.operation).input_shape


@functools.cache
def carried(kind: ResourceType, call: Call) -> Mapping[str, str]:
    """Return the properties that the call carries, with the path of each one's parameter."""
    shape = operation_shape(kind, call)
    if shape is None:
        return {}
    if call.build:
        return dict.fromkeys(call.properties or (), "")
    wanted = call.properties or sdk.resource_class(kind.type).inputs
    found: dict[str, str] = {}
    for name in wanted:
        if call.properties is None and name in {"region", "tags", *kind.also}:
            continue
        path = kind.rename.get(name) or service_model.member_name(shape, name)
        if path is None:
            continue
        member = path.partition(".")[0]
        if member in shape.members and (member not in call.fixed or "." in path):
            found[name] = path
    if call.properties and (missing := {*call.properties} - {*found}):
        raise LookupError(f"{kind.type}: {call.operation} takes no {', '.join(sorted(missing))}")
    return found


@functools.cache
def known_properties(kind: ResourceType) -> frozenset[str]:
    """Return the input properties that the entry knows what to do with."""
    calls = (kind.create, *kind.settings, *kind.updates)
    known = {"region", *kind.also, *(name for call in calls for name in carried(kind, call))}
    known |= set(_template_names(kind.create.fixed))
    if kind.tagging:
        known.add("tags")
    if kind.name:
        known |= {kind.name, kind.name_prefix or kind.name}
    return frozenset(known & sdk.resource_class(kind.type).inputs.keys())


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return the template with its ``{names}`` replaced; UNKNOWN where a value is not known."""
    if isinstance(template, str):
        names = list(_template_names(template))
        if any(values[name] is UNKNOWN for name in names):
            return UNKNOWN
        return template.format_map(values) if names else template
    if isinstance(template, Mapping):
        return {key: fill(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, values) for item in template]
    return template


def _template_names(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield from (name for _, name, _, _ in Formatter().parse(template) if name)
    elif isinstance(template, Mapping | list):
        items = template.values() if isinstance(template, Mapping) else template
        for item in items:
            yield from _template_names(item)


def from_json(text: str) -> Any:
    """Return what the text says as JSON, or the text itself where it is none."""
    try:
        return json.loads(text) if text[:1] in "{[" or text in ("true", "false") else text
    except ValueError:
        return text


class Translator:
    """Builds the parameters of one resource's calls and gathers everything that is wrong."""

    def __init__(self, kind: ResourceType) -> None:
        self.kind = kind
        self.failures: list[Failure] = []

    def parameters(
        self,
        call: Call,
        properties: Properties,
        fixed: Properties,
        only: Iterable[str] | None = None,
    ) -> Properties:
        """Return the call's parameters out of the properties it carries and the fixed ones."""
        shape = operation_shape(self.kind, call)
        carries = carried(self.kind, call)
        chosen = [name for name in carries if only is None or name in only]
        given = {name: properties[name] for name in chosen if properties.get(name) is not None}
        result: Properties = dict(fixed)
        if shape is None:
            return result
        if call.build:
            if has_unknowns(given):
                return result
            built = call.build(given)
            path: Path = (next(iter(given), ""),)
            result |= {
                key: self._built(value, shape.members[key], path) for key, value in built.items()
            }
            return result
        for name, value in given.items():
            self._place(result, shape, carries[name], value, (name,))
        self._require(result, shape, ())
        return result

    def _place(
        self, result: Properties, shape: AnyShape, target: str, value: Any, path: Path
    ) -> None:
        *outer, last = target.split(".")
        for part in outer:
            shape = shape.members[part]
            result = result.setdefault(part, {})
            if shape.type_name == "list":
                raise LookupError(f"{self.kind.type}: {target} leads through a list")
        result[last] = self._value(value, shape.members[last], path)

    def _value(self, value: Any, shape: AnyShape, path: Path) -> Any:
        """Return the value in the shape's form; what does not fit is left as it is and noted."""
        if value is UNKNOWN:
            return value
        if shape.type_name == "structure":
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            if isinstance(value, Mapping):
                return self._structure(value, shape, path)
            return self._refuse(path, "is not an object", value)
        if shape.type_name == "list":
            items = value if isinstance(value, list) else [value]
            self._note(path, service_model.size_problems(shape, len(items)))
            return [self._value(item, shape.member, (*path, i)) for i, item in enumerate(items)]
        if shape.type_name == "map":
            if not isinstance(value, Mapping):
                return self._refuse(path, "is not an object", value)
            self._note(path, service_model.size_problems(shape, len(value)))
            return {
                key: self._value(item, shape.value, (*path, key)) for key, item in value.items()
            }
        value = _coerced(value, shape)
        self._note(path, service_model.scalar_problems(shape, value))
        return value

    def _structure(self, value: Mapping[str, Any], shape: AnyShape, path: Path) -> Properties:
        result: Properties = {}
        prefix = ".".join(part for part in path if isinstance(part, str))
        for name, item in value.items():
            if item is None:
                continue
            target = self.kind.rename.get(f"{prefix}.{name}")
            target = target or service_model.member_name(shape, name)
            if target is None or target.partition(".")[0] not in shape.members:
                self.failures.append(Failure((*path, name), "is not a known property"))
                continue
            self._place(result, shape, target, item, (*path, name))
        self._require(result, shape, path)
        return result

    def _built(self, value: Any, shape: AnyShape, path: Path) -> Any:
        """Validate a parameter that the table has built itself, with the model's own names."""
        if shape.type_name == "structure" and isinstance(value, Mapping):
            return {key: self._built(item, shape.members[key], path) for key, item in value.items()}
        if shape.type_name == "list" and isinstance(value, list):
            return [self._built(item, shape.member, path) for item in value]
        return self._value(value, shape, path)

    def _require(self, result: Properties, shape: AnyShape, path: Path) -> None:
        for member in shape.required_members:
            if member not in result:
                name = (*path, member[:1].lower() + member[1:])
                self.failures.append(Failure(name, "is required and missing"))

    def _refuse(self, path: Path, reason: str, value: Any) -> Any:
        self.failures.append(Failure(path, reason))
        return value

    def _note(self, path: Path, problems: Iterable[str]) -> None:
        self.failures.extend(Failure(path, problem) for problem in problems)


def _coerced(value: Any, shape: AnyShape) -> Any:
    """Return the value as AWS has it where the real provider's type differs from AWS's."""
    kind = shape.type_name
    if kind == "string":
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int | float):
            return str(value)
        if isinstance(value, Mapping | list):
            return json.dumps(value)
    if kind in ("integer", "long", "float", "double") and isinstance(value, str):
        try:
            return float(value) if kind in ("float", "double") else int(value)
        except ValueError:
            return value
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value
