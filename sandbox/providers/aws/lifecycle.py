"""Check, create, read, update and delete of one resource, as its table entry says."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import jmespath
from botocore.exceptions import ClientError

from sandbox.providers.aws import descriptions, sdk, tags
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.parameters import (
    Failure,
    Translator,
    carried,
    fill,
    known_properties,
)
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.properties import UNKNOWN, has_unknowns

_MISSING = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent|^404$")


def check(context: Context) -> list[Failure]:
    """Return everything that is wrong with the inputs; values not known yet pass."""
    kind, inputs = context.kind, context.inputs
    known, named = known_properties(kind), sdk.resource_class(kind.type).inputs
    failures = []
    for name in inputs:
        if name.startswith("__") or name in known:
            continue
        reason = "is a property that the sandbox's table does not know yet"
        failures.append(Failure((name,), reason if name in named else "is not a known property"))
    for name, declared in named.items():
        if not declared.optional and inputs.get(name) is None:
            failures.append(Failure((name,), "is required and missing"))
    failures += _call_failures(context)
    if kind.check:
        failures += [Failure((name,), reason) for name, reason in kind.check(inputs)]
    unique: dict[Any, Failure] = {}
    for failure in failures:
        unique.setdefault(failure.path, failure)
    return list(unique.values())


def _call_failures(context: Context) -> list[Failure]:
    kind, translator = context.kind, Translator(context.kind)
    inputs = _prepared(kind, context.inputs)
    settings = (
        call for call in kind.settings if any(name in inputs for name in carried(kind, call))
    )
    for call in (kind.create, *settings):
        unknown = dict.fromkeys(call.fixed, UNKNOWN)
        translator.parameters(call, inputs, unknown | _created_tags(context, call))
    return translator.failures


def _created_tags(context: Context, call: Call) -> Properties:
    wanted = tags.all_tags(context)
    if call is not context.kind.create or has_unknowns(wanted):
        return {}
    return tags.creation_parameters(context.kind, wanted)


def create(context: Context) -> Properties:
    """Create the resource, set ``context.id`` and return its outputs.

    What was created before a later call failed is deleted again.
    """
    kind = context.kind
    wanted = tags.all_tags(context)
    if kind.kept_in_state:
        context.id = str(fill(kind.id, context.values))
        if kind.created:
            kind.created(context)
        return kept(context)
    original, context.inputs = context.inputs, _prepared(kind, context.inputs)
    custom = kind.creating(context) if kind.creating else None
    if custom is None:
        extra = tags.creation_parameters(kind, wanted)
        context.created = context.call(kind.create, extra=extra)
        custom = _identifier(context)
    context.id = custom
    try:
        if kind.tagging and not kind.tagging.parameter and wanted:
            tags.change(context, {}, wanted)
        for call in kind.settings:
            if any(context.inputs.get(name) is not None for name in carried(kind, call)):
                context.call(call)
        if kind.created:
            kind.created(context)
    except Exception as error:
        _undo(context, error)
        raise
    context.inputs = original
    outputs = read(context)
    if outputs is None:
        raise LookupError(f"{kind.type} {context.id} is not there after its creation")
    return outputs


def _undo(context: Context, reason: Exception) -> None:
    context.undoing = True
    try:
        delete(context)
    except Exception as error:
        raise LookupError(
            f"{reason}; what was created before, {context.id}, could not be deleted again: {error}"
        ) from reason


def _identifier(context: Context) -> str:
    template = context.kind.id
    if "{" in template:
        return str(fill(template, context.values))
    identifier = jmespath.search(template, context.created)
    if not identifier:
        raise LookupError(
            f"{context.kind.type}: the answer to {context.kind.create.operation} has no {template}"
        )
    return str(identifier)


def _prepared(kind: ResourceType, inputs: Properties) -> Properties:
    return kind.prepare(inputs) if kind.prepare else inputs


def kept(context: Context) -> Properties:
    """Return the outputs of a resource that lives in the state alone."""
    result = {
        k: v for k, v in {**context.outputs, **context.inputs}.items() if not k.startswith("__")
    }
    for name, rule in context.kind.outputs.items():
        value = rule(context, {}) if callable(rule) else fill(rule, context.values)
        if value is not None:
            result.setdefault(name, value)
    return _completed(context, result, tags.all_tags(context))


def read(context: Context) -> Properties | None:
    """Return the outputs of the resource as it now is, None if it is gone."""
    kind = context.kind
    if kind.kept_in_state:
        return kept(context)
    description: dict[str, Any] = {}
    for index, call in enumerate(kind.reads):
        part = missing_is_none(lambda call=call: _read_part(context, call))
        if index == 0 and part in (None, [], {}):
            return None
        description |= part or {}
    outputs = descriptions.described(context, description)
    context.outputs = {**context.outputs, **outputs}
    actual = tags.read(context, description) if kind.tagging else {}
    return _completed(context, outputs, actual)


def _read_part(context: Context, call: Call | Callable[[Context], Any]) -> Any:
    return context.ask(call) if isinstance(call, Call) else call(context)


def _completed(context: Context, outputs: Properties, actual_tags: Properties) -> Properties:
    names = sdk.resource_class(context.kind.type).outputs
    if "region" in names:
        outputs["region"] = context.region
    if context.kind.tagging:
        defaults, own = context.session.default_tags, context.inputs.get("tags") or {}
        outputs["tagsAll"] = actual_tags
        outputs["tags"] = {
            key: value
            for key, value in actual_tags.items()
            if key in own or defaults.get(key) != value
        }
        if not outputs["tags"] and not own:
            del outputs["tags"]
    for name, declared in names.items():
        if outputs.get(name) is None and not declared.optional and declared.empty is not None:
            outputs[name] = declared.empty
    return {name: outputs[name] for name in names if name in outputs}


def update(context: Context, changed: set[str]) -> Properties:
    """Change the resource's changed properties in place and return its outputs."""
    kind = context.kind
    if kind.kept_in_state:
        context.outputs = {k: v for k, v in context.outputs.items() if k not in changed}
        if kind.updated:
            kind.updated(context, changed)
        return kept(context)
    original, context.inputs = context.inputs, _prepared(kind, context.inputs)
    for call in (*kind.updates, *kind.settings):
        if changed & carried(kind, call).keys():
            context.call(call)
    if kind.updated:
        kind.updated(context, changed)
    tags.change(context, context.outputs.get("tagsAll") or {}, tags.all_tags(context))
    context.inputs = original
    context.outputs = {k: v for k, v in context.outputs.items() if k not in changed}
    outputs = read(context)
    if outputs is None:
        raise LookupError(f"{kind.type} {context.id} is gone")
    return outputs


def delete(context: Context) -> None:
    """Delete the resource; that it is gone already is no error."""
    kind = context.kind
    if deleting := kind.deleting:
        missing_is_none(lambda: deleting(context))
    if kind.delete and not kind.kept_in_state:
        call = kind.delete
        missing_is_none(lambda: context.ask(call))
    if kind.deleted:
        kind.deleted(context)


def preview(context: Context) -> Properties:
    """Return the outputs that a creation will have, as far as they are known."""
    known = sdk.resource_class(context.kind.type)
    outputs: Properties = {name: UNKNOWN for name in known.outputs if known.is_computed(name)}
    outputs |= {k: v for k, v in context.inputs.items() if k in known.outputs and v is not None}
    for name, members in context.kind.chosen_members.items():
        if isinstance(outputs.get(name), dict):
            outputs[name] = {**dict.fromkeys(members, UNKNOWN), **outputs[name]}
    return _planned(context, outputs)


def preview_update(context: Context) -> Properties:
    """Return the outputs that an update will have: those of the state with the new inputs."""
    known = sdk.resource_class(context.kind.type)
    outputs = {
        k: v for k, v in context.outputs.items() if k not in known.inputs or known.is_computed(k)
    }
    outputs |= {k: v for k, v in context.inputs.items() if k in known.outputs and v is not None}
    for name, members in context.kind.chosen_members.items():
        present = context.outputs.get(name) or {}
        chosen = {member: present[member] for member in members if member in present}
        outputs[name] = {**chosen, **(outputs.get(name) or {})}
    return _planned(context, outputs)


def _planned(context: Context, outputs: Properties) -> Properties:
    if "region" in outputs:
        outputs["region"] = context.region
    if context.kind.tagging:
        outputs["tagsAll"] = tags.all_tags(context)
    return outputs


def missing_is_none(request: Callable[[], Any]) -> Any:
    """Return what the request returns, None if AWS says that the resource does not exist."""
    try:
        return request()
    except ClientError as error:
        if _MISSING.search(error.response["Error"]["Code"]):
            return None
        raise


def identifying_properties(kind: ResourceType, identifier: str) -> Mapping[str, str]:
    """Return the properties that an id consists of, for an import by id; {} if it has no parts."""
    if "{" not in kind.id:
        return {}
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(kind.id))
    match = re.fullmatch(pattern, identifier)
    return match.groupdict() if match else {}
