"""The stack as policies see it: what each resource was given, and what that was made from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Written by infra/naming.py into the default tags of every AWS provider.
DURABILITY_TAG = "litellm:durability"
_AWS_PROVIDER = "pulumi:providers:aws"


class CannotTell(Exception):
    """What a check needs is out of sight; the message says what it is."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource:
    """One resource of a stack.

    ``inputs`` are the program's own. Reading one that is not known yet raises pulumi-policy's
    ``UnknownValueError``. ``made_from`` has the URNs behind each top-level input, which are known
    in every preview.
    """

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]
    protect: bool = False
    made_from: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How violations and waivers call it, such as ``aws:s3/bucket:Bucket::logs``."""
        return f"{self.type}::{self.name}"


class Stack:
    """The resources of one stack and how they refer to each other."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = list(resources)
        self._by_urn = {resource.urn: resource for resource in self._resources}
        self._by_type: dict[str, list[Resource]] = {}
        for resource in self._resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    @property
    def name(self) -> str:
        """The stack's name, as URNs have it; empty where there are no resources."""
        return self._resources[0].urn.split("::")[0].split(":")[2] if self._resources else ""

    @property
    def protected(self) -> bool:
        """Whether the rules for production hold: unless every AWS provider says ``disposable``."""
        found = {_default_tags(provider).get(DURABILITY_TAG) for provider in self.of(_AWS_PROVIDER)}
        return found != {"disposable"}

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of these types, sorted by name."""
        found = [resource for type_ in types for resource in self._by_type.get(type_, [])]
        return sorted(found, key=lambda resource: resource.urn)

    def behind(self, resource: Resource, property_: str, *types: str) -> list[Resource]:
        """Return the resources of these types from which a top-level property is made."""
        sources = (self._by_urn.get(urn) for urn in resource.made_from.get(property_, ()))
        return [source for source in sources if source is not None and source.type in types]

    def attached(self, target: Resource, type_: str, property_: str, name: str) -> list[Resource]:
        """Return the resources of a type whose property refers to the target.

        They refer to it by an output or, where the property is a literal, by the target's
        physical name, which stands in its input ``name``.
        """
        return [
            resource
            for resource in self.of(type_)
            if target in self.behind(resource, property_, target.type)
            or (
                not resource.made_from.get(property_)
                and resource.inputs.get(property_) is not None
                and resource.inputs.get(property_) == target.inputs.get(name)
            )
        ]


def _default_tags(provider: Resource) -> Mapping[str, Any]:
    """Arguments of providers that are not strings come as JSON text."""
    given = provider.inputs.get("defaultTags") or {}
    found = json.loads(given) if isinstance(given, str) else given
    return found.get("tags") or {}
