"""What changes between two sets of inputs, and whether the resource is replaced for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.aws import sdk
from sandbox.providers.aws.descriptions import equivalent
from sandbox.providers.aws.parameters import carried, known_properties
from sandbox.providers.aws.table import Properties, ResourceType
from sandbox.providers.properties import UNKNOWN, Change, Path, path_text


@dataclass
class Differences:
    """The changed properties: by innermost path, with their kind and whether they replace."""

    paths: dict[Path, tuple[Change, bool]] = field(default_factory=dict)

    @property
    def changed(self) -> set[str]:
        """The names of the changed properties."""
        return {str(path[0]) for path in self.paths}

    @property
    def replacing(self) -> list[str]:
        """The names of the properties whose change replaces the resource."""
        return sorted({str(path[0]) for path, (_, replaces) in self.paths.items() if replaces})


def differences(
    kind: ResourceType,
    old: Properties,
    new: Properties,
    old_tags: Any,
    new_tags: Any,
    ignored: Sequence[str] = (),
) -> Differences:
    """Compare plain inputs, and all the tags that the resource has and shall have.

    A property that the program no longer gives keeps its value where AWS chooses one by itself.
    """
    result, known = Differences(), sdk.resource_class(kind.type)
    for name in sorted({*old, *new} & known_properties(kind)):
        before, after = old.get(name), new.get(name)
        if after is None and (before is None or name == "region" or known.is_computed(name)):
            continue
        if name == "region" and before is None:
            continue
        if _says_nothing(before) and _says_nothing(after):
            continue
        replaces = replaced_by(kind, name)
        for path, change in _changes(before, after, (name,)):
            if not _is_ignored(path, ignored):
                result.paths[path] = (change, replaces)
    if kind.tagging and "tags" not in result.changed:
        for path, change in _changes(old_tags or {}, new_tags or {}, ("tagsAll",)):
            result.paths[path] = (change, False)
    return result


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def _is_ignored(path: Path, ignored: Sequence[str]) -> bool:
    text = path_text(path)
    return any(text == one or text.startswith((f"{one}.", f"{one}[")) for one in ignored)


def replaced_by(kind: ResourceType, name: str) -> bool:
    """Whether a change of the property replaces the resource.

    So says the table, the SDK's documentation, or that no operation could change it.
    """
    if name in kind.replace or name == "region":
        return True
    if name in kind.in_place or name == "tags":
        return False
    if sdk.resource_class(kind.type).inputs[name].replaces:
        return True
    updates = any(name in carried(kind, call) for call in (*kind.settings, *kind.updates))
    if kind.kept_in_state and not kind.updates:
        return name not in kind.also and name in (kind.name, *_identity(kind))
    return not updates and name not in kind.also


def _identity(kind: ResourceType) -> set[str]:
    return {name for name in sdk.resource_class(kind.type).inputs if f"{{{name}}}" in kind.id}


def _changes(old: Any, new: Any, path: Path) -> Iterator[tuple[Path, Change]]:
    if old is None or new is None:
        if old is not new:
            yield path, Change.ADD if old is None else Change.DELETE
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _changes(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _changes(before, after, (*path, index))
    elif new is UNKNOWN or not equivalent(old, new):
        yield path, Change.UPDATE
