"""The ``random`` provider: values from the operating system's random source, kept in the state."""

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.providers.base import Provider, ProviderError, reported
from sandbox.providers.properties import (
    UNKNOWN,
    Secret,
    changes,
    decode,
    encode,
    has_unknowns,
    path_text,
    plain,
)

Properties = dict[str, Any]

# The default of random_password's override_special, from its documentation.
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "numeric": string.digits,
    "special": _SPECIAL,
}
_STRING_DEFAULTS: Properties = {
    **dict.fromkeys(_CLASSES, True),
    **{f"min{name.capitalize()}": 0 for name in _CLASSES},
}


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One resource type: its inputs with their types, and how a value is made of them."""

    inputs: Mapping[str, type]
    required: frozenset[str] = frozenset()
    defaults: Mapping[str, Any]
    outputs: tuple[str, ...]
    secret: bool = False
    make: Callable[[Properties], tuple[str, Properties]]


def _characters(inputs: Properties) -> str:
    pools = {name: pool for name, pool in _CLASSES.items() if inputs[name]}
    if "special" in pools:
        pools["special"] = inputs.get("overrideSpecial") or _SPECIAL
    chosen = [
        secrets.choice(pools.get(name, pool))
        for name, pool in _CLASSES.items()
        for _ in range(inputs[f"min{name.capitalize()}"])
    ]
    everything = "".join(pools.values())
    chosen += [secrets.choice(everything) for _ in range(inputs["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _password(inputs: Properties) -> tuple[str, Properties]:
    # There is no bcryptHash here: nothing that is installed could make one.
    return "none", {"result": _characters(inputs)}


def _string(inputs: Properties) -> tuple[str, Properties]:
    result = _characters(inputs)
    return result, {"result": result}


def _identifier(inputs: Properties) -> tuple[str, Properties]:
    value = secrets.token_bytes(inputs["byteLength"])
    prefix = inputs.get("prefix", "")
    url = base64.urlsafe_b64encode(value).decode().rstrip("=")
    return url, {
        "b64Std": prefix + base64.b64encode(value).decode(),
        "b64Url": prefix + url,
        "dec": prefix + str(int.from_bytes(value)),
        "hex": prefix + value.hex(),
    }


def _uuid(inputs: Properties) -> tuple[str, Properties]:
    value = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return value, {"result": value}


def _bytes(inputs: Properties) -> tuple[str, Properties]:
    value = secrets.token_bytes(inputs["length"])
    return "none", {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


_STRING_INPUTS: Mapping[str, type] = {
    "length": int,
    "keepers": dict,
    "overrideSpecial": str,
    **{name: type(default) for name, default in _STRING_DEFAULTS.items()},
}
_LENGTH = frozenset({"length"})
_KINDS: Mapping[str, _Kind] = {
    "random:index/randomPassword:RandomPassword": _Kind(
        inputs=_STRING_INPUTS,
        required=_LENGTH,
        defaults=_STRING_DEFAULTS,
        outputs=("result",),
        secret=True,
        make=_password,
    ),
    "random:index/randomString:RandomString": _Kind(
        inputs=_STRING_INPUTS,
        required=_LENGTH,
        defaults=_STRING_DEFAULTS,
        outputs=("result",),
        make=_string,
    ),
    "random:index/randomId:RandomId": _Kind(
        inputs={"byteLength": int, "keepers": dict, "prefix": str},
        required=frozenset({"byteLength"}),
        defaults={},
        outputs=("b64Std", "b64Url", "dec", "hex"),
        make=_identifier,
    ),
    "random:index/randomUuid:RandomUuid": _Kind(
        inputs={"keepers": dict}, defaults={}, outputs=("result",), make=_uuid
    ),
    "random:index/randomBytes:RandomBytes": _Kind(
        inputs={"length": int, "keepers": dict},
        required=_LENGTH,
        defaults={},
        outputs=("base64", "hex"),
        secret=True,
        make=_bytes,
    ),
}


def _kind(token: str) -> _Kind:
    if token not in _KINDS:
        raise ProviderError(
            f"the resource type {token} is not known to the random provider of the sandbox; "
            f"it knows {', '.join(_KINDS)}"
        )
    return _KINDS[token]


def _failures(kind: _Kind, inputs: Properties) -> list[pb.CheckFailure]:
    found = [(name, f"{name} is missing") for name in kind.required if name not in inputs]
    for name, value in inputs.items():
        if name not in kind.inputs:
            found.append((name, f"{name} is not a property of this type"))
        elif value is not UNKNOWN and type(value) is not kind.inputs[name]:
            found.append((name, f"{name} is {value!r}, not a {kind.inputs[name].__name__}"))
    if not found and not has_unknowns(inputs):
        found += _length_failures(inputs)
    return [pb.CheckFailure(property=name, reason=reason) for name, reason in found]


def _length_failures(inputs: Properties) -> list[tuple[str, str]]:
    found = []
    for name in {"length", "byteLength"} & set(inputs):
        if inputs[name] < 1:
            found.append((name, f"{name} is {inputs[name]}, it must be at least 1"))
    if "minLower" in inputs:
        least = sum(inputs[f"min{name.capitalize()}"] for name in _CLASSES)
        if inputs["length"] < least:
            length = inputs["length"]
            found.append(("length", f"length is {length}, but the minimums add up to {least}"))
        if not any(inputs[name] for name in _CLASSES):
            found.append(("lower", f"one of {', '.join(_CLASSES)} must be true"))
    return found


class RandomProvider(Provider):
    """Makes random values once and keeps them; any changed input, keepers included, replaces."""

    package = "random"
    version = "4.21.4"

    @reported
    def CheckConfig(
        self, request: pb.CheckRequest, context: grpc.ServicerContext
    ) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    @reported
    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    @reported
    def Configure(
        self, request: pb.ConfigureRequest, context: grpc.ServicerContext
    ) -> pb.ConfigureResponse:
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @reported
    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        kind = _kind(request.type)
        inputs = {**kind.defaults, **decode(request.news)}
        failures = _failures(kind, plain(inputs))
        return pb.CheckResponse(inputs=encode(inputs), failures=failures)

    @reported
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        _kind(request.type)
        found = list(changes(decode(request.old_inputs), decode(request.news)))
        replaced = pb.PropertyDiff(kind=pb.PropertyDiff.UPDATE_REPLACE, inputDiff=True)
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE,
            replaces=[str(path[0]) for path, _ in found],
            diffs=sorted({str(path[0]) for path, _ in found}),
            hasDetailedDiff=True,
            detailedDiff={path_text(path): replaced for path, _ in found},
        )

    @reported
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        kind = _kind(request.type)
        inputs = decode(request.properties)
        if request.preview:
            unknown = dict.fromkeys(kind.outputs, UNKNOWN)
            return pb.CreateResponse(properties=encode({**inputs, **unknown}))
        identifier, values = kind.make(plain(inputs))
        if kind.secret:
            values = {name: Secret(value) for name, value in values.items()}
        return pb.CreateResponse(id=identifier, properties=encode({**inputs, **values}))

    @reported
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        _kind(request.type)
        if not request.properties.fields:
            raise ProviderError(f"a {request.type} cannot be imported: its value is in no place")
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    @reported
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        raise ProviderError(f"a {request.type} is never updated: every change replaces it")

    @reported
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        _kind(request.type)
        return empty_pb2.Empty()
