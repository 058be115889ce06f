"""The vocabulary of the tables: how a resource type of pulumi_aws becomes calls of an AWS service.

A table entry names the operations; which property goes into which parameter follows from the names
(``cidrBlock`` is ``CidrBlock``), from ``rename`` where that does not do, and from botocore's model
of the operation. A property that no operation takes and no entry names is unknown, and refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.providers.aws.context import Context

Properties = dict[str, Any]
Reader = Callable[["Context", Any], Any]


@dataclass(frozen=True, eq=False)
class Call:
    """One operation of a service.

    ``fixed`` are parameters whose strings may name properties, ``{id}``, ``{region}`` or
    ``{account}``. ``result`` is the JMESPath of the part of the answer that describes the resource.
    ``properties`` limits which properties the call carries; None means each one that the operation
    has a parameter for. ``build`` makes the parameters out of those properties by itself.
    """

    operation: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    result: str = "@"
    properties: tuple[str, ...] | None = None
    build: Callable[[Properties], Properties] | None = None
    service: str | None = None


@dataclass(frozen=True)
class Tagging:
    """How a service tags a resource.

    ``parameter`` is what the creating operation takes; None means that tags follow creation.
    ``resource`` are the parameters that name the resource to the other operations, ``values`` and
    ``keys`` those that take the tags and the keys to remove. ``form`` is "list" ([{Key, Value}]),
    "kms" ([{TagKey, TagValue}]), "map", or "ec2" (a list, inside TagSpecifications on creation).
    ``whole`` services replace all tags at once. ``read`` lists the tags; None means that they
    stand in the resource's description.
    """

    tag: str
    untag: str
    resource: Mapping[str, Any]
    parameter: str | None = "Tags"
    form: str = "list"
    values: str = "Tags"
    keys: str | None = "TagKeys"
    whole: bool = False
    read: Call | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ResourceType:
    """A resource type: its operations and where they differ from what the names say.

    type: the type as the SDK has it, ``aws:ec2/vpc:Vpc``.
    id: JMESPath in the creating call's result, or a template such as ``{role}:{name}``.
    reads: calls or functions; the first tells whether the resource exists, the others add to its
        description.
    settings: calls made after creation for the properties given, and again when those change.
    updates: calls made only when the properties they carry change.
    rename: property path to parameter path, e.g. ``rules`` to ``LifecycleConfiguration.Rules``.
    outputs: property to its JMESPath in the description, or a function of context and description.
    defaults: values that the real provider fills in for properties left out.
    name: the property that gets an automatic name.
    also: properties that functions of the entry handle, or that matter to the provider only.
    replace, in_place: corrections to which changes replace the resource.
    unset_when_absent: properties that AWS leaves out of a description when they are unset.
    tag_type: EC2's name of the type where tags are given.
    chosen_members: members of a structure that AWS adds to those given, unknown in a preview.
    unread: properties, or paths of members, that moto does not keep or changes by itself: the
        state's value stands.
    lacking: operations that moto lacks, with the reason; they are not called.
    kept_in_state: why the type is not created in the stand-in for AWS.

    Where AWS needs more than that, functions take part: ``prepare`` turns the inputs into what the
    calls take, ``check`` returns (property, reason) of what is wrong, ``creating`` makes the
    resource by itself and returns its id, or None; the others run before or after what their names
    say.
    """

    type: str
    service: str
    create: Call
    id: str
    reads: tuple[Call | Callable[[Context], Any], ...] = ()
    settings: tuple[Call, ...] = ()
    updates: tuple[Call, ...] = ()
    delete: Call | None = None
    arn: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str | Reader] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    tagging: Tagging | None = None
    tag_type: str = ""
    name: str | None = None
    name_prefix: str | None = "namePrefix"
    name_length: int = 255
    name_lower_case: bool = False
    also: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    in_place: tuple[str, ...] = ()
    unset_when_absent: tuple[str, ...] = ()
    delete_before_replace: bool = False
    chosen_members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    lacking: Mapping[str, str] = field(default_factory=dict)
    kept_in_state: str | None = None
    prepare: Callable[[Properties], Properties] | None = None
    check: Callable[[Properties], list[tuple[str, str]]] | None = None
    creating: Callable[[Context], str | None] | None = None
    created: Callable[[Context], None] | None = None
    updated: Callable[[Context, set[str]], None] | None = None
    deleting: Callable[[Context], None] | None = None
    deleted: Callable[[Context], None] | None = None


def attribute_list(keys: Mapping[str, str]) -> Callable[[Properties], Properties]:
    """Return a builder of ``Attributes=[{Key, Value}]`` for the properties that have a key."""

    def build(properties: Properties) -> Properties:
        return {
            "Attributes": [
                {
                    "Key": keys[name],
                    "Value": str(value).lower() if isinstance(value, bool) else value,
                }
                for name, value in properties.items()
                if value is not None
            ]
        }

    return build


def attribute_result(keys: Mapping[str, str], attributes: str = "Attributes") -> str:
    """Return the JMESPath that turns [{Key, Value}] back into an object of properties."""
    fields = (f"{name}: {attributes}[?Key=='{key}'].Value | [0]" for name, key in keys.items())
    return "{" + ", ".join(fields) + "}"
