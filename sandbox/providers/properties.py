"""Property values as they cross the wire between the Pulumi engine and a provider.

The engine marks secrets, unknowns and assets inside the protobuf structures by signatures
(:mod:`sandbox.engine_marks`; sdk/go/common/resource/properties.go of Pulumi 3.259).
Here they become Python values: :class:`Secret`, :data:`UNKNOWN` and :class:`Asset`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from google.protobuf import struct_pb2

from sandbox.engine_marks import SECRET as SECRET_MARK
from sandbox.engine_marks import SIGNATURE, UNKNOWN_TEXT, UNKNOWN_TEXTS

_KINDS = {
    SECRET_MARK: "secret",
    "d0e6a833031e9bbcd3f4e8bde6ca49a4": "output",
    "5cf8f73096256a8f31e491e813e4eb8e": "resource",
    "c44067f5952c0a294b673a41bacd8c17": "asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
}
_SIGNATURES = {kind: signature for signature, kind in _KINDS.items()}

Path = tuple[str | int, ...]


class Unknown(Enum):
    """The type of :data:`UNKNOWN`, the value which a preview cannot know yet."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value which the engine keeps encrypted; its representation does not show it."""

    value: Any = field(repr=False)


@dataclass(frozen=True)
class Asset:
    """A file ("asset") or a folder of files ("archive") with the engine's own description of it."""

    kind: str
    fields: Mapping[str, Any]


class Change(Enum):
    """How a property differs between two sets of properties."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


def decode(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Return the properties as Python values; whole numbers become integers."""
    return {key: _decode_value(value) for key, value in properties.fields.items()}


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return the properties as the engine expects them; TypeError for what has no such form."""
    encoded = struct_pb2.Struct()
    for key, value in properties.items():
        encoded.fields[key].CopyFrom(_encode_value(value))
    return encoded


def plain(value: Any) -> Any:
    """Return a copy of the value without its marks of secrecy."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def has_unknowns(value: Any) -> bool:
    """Return whether any part of the value is not known yet."""
    return _any_part(value, lambda part: part is UNKNOWN)


def has_secrets(value: Any) -> bool:
    """Return whether any part of the value is secret."""
    return _any_part(value, lambda part: isinstance(part, Secret))


def marked_like(value: Any, marks: Any) -> Any:
    """Return the plain value with the same parts marked secret as in ``marks``."""
    if isinstance(marks, Secret):
        return Secret(plain(value))
    if isinstance(value, Mapping) and isinstance(marks, Mapping):
        return {key: marked_like(item, marks.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(marks, list):
        padded = [*marks, *[None] * (len(value) - len(marks))]
        return [marked_like(item, mark) for item, mark in zip(value, padded, strict=False)]
    return value


def without_unknowns(value: Any) -> Any:
    """Return a copy of the value without the entries that are not known yet."""
    if isinstance(value, Secret):
        return Secret(without_unknowns(value.value))
    if isinstance(value, Mapping):
        return {
            key: without_unknowns(item) for key, item in value.items() if plain(item) is not UNKNOWN
        }
    if isinstance(value, list):
        return [without_unknowns(item) for item in value if plain(item) is not UNKNOWN]
    return value


def changes(old: Any, new: Any, path: Path = ()) -> Iterator[tuple[Path, Change]]:
    """Yield the path and kind of every innermost difference between two values.

    An unknown differs from everything: what it will be is not known.
    """
    old, new = _unwrapped(old), _unwrapped(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            if key not in new:
                yield (*path, key), Change.DELETE
            elif key not in old:
                yield (*path, key), Change.ADD
            else:
                yield from changes(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(new):
                yield (*path, index), Change.DELETE
            elif index >= len(old):
                yield (*path, index), Change.ADD
            else:
                yield from changes(old[index], new[index], (*path, index))
    elif new is UNKNOWN or plain(old) != plain(new):
        yield path, Change.UPDATE


def path_text(path: Path) -> str:
    """Return the path in Pulumi's notation: ``spec.ports[0].name``, ``data["config.yaml"]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and not set(part) & set('.[]"'):
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text


def _unwrapped(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _any_part(value: Any, wanted: Any) -> bool:
    if wanted(value):
        return True
    if isinstance(value, Secret):
        return _any_part(value.value, wanted)
    if isinstance(value, Mapping):
        return any(_any_part(item, wanted) for item in value.values())
    if isinstance(value, list):
        return any(_any_part(item, wanted) for item in value)
    return False


def _decode_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_TEXTS else value.string_value
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_struct(struct: struct_pb2.Struct) -> Any:
    fields = {key: _decode_value(item) for key, item in struct.fields.items()}
    signature = fields.pop(SIGNATURE, None)
    if signature is None:
        return fields
    match _KINDS.get(signature):
        case "secret":
            return Secret(fields["value"])
        case "output":
            content = fields.get("value", UNKNOWN)
            return Secret(content) if fields.get("secret") else content
        case "resource":
            return fields.get("id", fields["urn"])
        case "asset" | "archive" as kind:
            return Asset(kind, fields)
    raise TypeError(f"the engine sent a value with the unknown signature {signature}")


def _encode_value(value: Any) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=UNKNOWN_TEXT)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Secret):
        return _encode_value({SIGNATURE: _SIGNATURES["secret"], "value": value.value})
    if isinstance(value, Asset):
        return _encode_value({SIGNATURE: _SIGNATURES[value.kind], **value.fields})
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode(value))
    if isinstance(value, list | tuple):
        items = [_encode_value(item) for item in value]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    raise TypeError(f"a property cannot be a {type(value).__name__}")
