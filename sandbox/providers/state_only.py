"""Providers that only pretend: what they "create" is in Pulumi's state and nowhere else.

They bring a whole stack up within seconds, with no account, so that a preview of a change has a
state to compare with. Checks and comparisons are those of the usual stand-ins. What AWS would
choose is made up.
"""

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers.aws import AwsProvider, sdk
from sandbox.providers.base import reported
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.kubernetes.tokens import RELEASE
from sandbox.providers.properties import UNKNOWN, decode, encode, marked_like, plain
from sandbox.recorded_program import chosen_by_aws


def state_only_providers() -> dict[str, rpc.ResourceProviderServicer]:
    """Return new ones, by package; values of ``random`` are in the state only anyway."""
    return {"aws": _Aws(None), "kubernetes": _Kubernetes(None)}


class _Aws(AwsProvider):
    @reported
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> Any:
        planned = super().Create(_as_preview(request), context)
        if request.preview:
            return planned
        _, _, type_, name = request.urn.split("::", 3)
        properties, inputs = decode(planned.properties), plain(decode(request.properties))
        token = type_.rpartition("$")[2]
        chosen = _invented(token, name) | chosen_by_aws(token, name, inputs)
        return pb.CreateResponse(
            id=f"{name}-id",
            properties=encode(marked_like(_completed(plain(properties), chosen), properties)),
        )

    @reported
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> Any:
        planned = super().Update(_as_preview(request), context)
        if request.preview:
            return planned
        properties = decode(planned.properties)
        known = _completed(plain(properties), plain(decode(request.olds)))
        return pb.UpdateResponse(properties=encode(marked_like(known, properties)))

    @reported
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> Any:
        return _as_it_stands(request)

    @reported
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()


class _Kubernetes(KubernetesProvider):
    @reported
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        planned = super().Create(_as_preview(request), context)
        if request.preview:
            return planned
        inputs = plain(decode(request.properties))
        metadata = inputs if request.type == RELEASE else inputs["metadata"]
        identifier = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
        return pb.CreateResponse(id=identifier, properties=_deployed(request.type, planned))

    @reported
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        planned = super().Update(_as_preview(request), context)
        if request.preview:
            return planned
        return pb.UpdateResponse(properties=_deployed(request.type, planned))

    @reported
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        return _as_it_stands(request)

    @reported
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()


def _invented(token: str, name: str) -> dict[str, Any]:
    """A value for every property that AWS chooses."""
    declared = sdk.resource_class(token).outputs
    return {
        key: f"{name}-{key}" if one.empty == "" else one.empty
        for key, one in declared.items()
        if not one.optional and one.empty is not None
    }


def _as_preview(request: Any) -> Any:
    """The same request as a preview's: nothing is called, the inputs are checked all the same."""
    asked = type(request)()
    asked.CopyFrom(request)
    asked.preview = True
    return asked


def _as_it_stands(request: pb.ReadRequest) -> pb.ReadResponse:
    return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)


def _deployed(type_: str, planned: Any) -> Any:
    properties = decode(planned.properties)
    if type_ == RELEASE:
        properties |= {"status": {"status": "deployed"}, "resourceNames": {}}
    return encode(properties)


def _completed(planned: Any, chosen: Any) -> Any:
    """Fill what is not known from what was chosen; what nobody chose is left out."""
    if planned is UNKNOWN:
        return chosen
    if isinstance(planned, Mapping):
        others = chosen if isinstance(chosen, Mapping) else {}
        pairs = {key: _completed(value, others.get(key)) for key, value in planned.items()}
        added = {key: value for key, value in others.items() if key not in planned}
        return {key: value for key, value in {**pairs, **added}.items() if value is not None}
    if isinstance(planned, list):
        others = chosen if isinstance(chosen, list) else []
        return [
            _completed(value, others[index] if index < len(others) else None)
            for index, value in enumerate(planned)
        ]
    return planned
