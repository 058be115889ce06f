"""The Secrets, ConfigMaps and tokens that a pod names, apart from where they come from."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Reference(NamedTuple):
    """A Secret or ConfigMap of the pod's namespace."""

    kind: str
    name: str


class TokenRequest(NamedTuple):
    """A service-account token as a projected volume asks for it."""

    audience: str
    seconds: int


class MissingObject(Exception):
    """A Secret or ConfigMap, or a key of one, that a pod needs is not there (yet)."""


@dataclass(frozen=True)
class Objects:
    """What was found: the data of each Secret and ConfigMap, and the tokens that were issued."""

    data: Mapping[Reference, Mapping[str, bytes]] = field(default_factory=dict)
    tokens: Mapping[TokenRequest, str] = field(default_factory=dict)

    def read(self, reference: Reference, optional: bool) -> Mapping[str, bytes]:
        """Return an object's data; nothing for an optional one that is not there."""
        if reference in self.data:
            return self.data[reference]
        if optional:
            return {}
        raise MissingObject(f'{reference.kind.lower()} "{reference.name}" not found')

    def key(self, reference: Reference, key: str, optional: bool) -> bytes | None:
        """Return one key's content; None for an optional one that is not there."""
        data = self.read(reference, optional)
        if key not in data and not optional:
            raise MissingObject(f"couldn't find key {key} in {reference.kind} {reference.name}")
        return data.get(key)


def data_of(kind: str, content: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the data of a Secret or ConfigMap as it came from the API server."""
    encoded = content.get("data" if kind == "Secret" else "binaryData") or {}
    plain = (content.get("data") or {}) if kind == "ConfigMap" else {}
    return {name: base64.b64decode(value) for name, value in encoded.items()} | {
        name: value.encode() for name, value in plain.items()
    }
