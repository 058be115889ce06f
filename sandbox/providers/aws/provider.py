"""The stand-in of the ``aws`` provider plugin: the engine's requests become calls of moto."""

from collections.abc import Mapping
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.backing_services import BackingServiceError
from sandbox.paths import Instance
from sandbox.providers import kept_in_state
from sandbox.providers.aws import (
    descriptions,
    differences,
    functions,
    lifecycle,
    local_moto,
    names,
    parameters,
    sdk,
    tags,
)
from sandbox.providers.aws.context import Context, InvalidInputs
from sandbox.providers.aws.session import Clients, Session
from sandbox.providers.aws.table import Properties, ResourceType
from sandbox.providers.aws.tables import TABLE
from sandbox.providers.base import Provider, ProviderError, reported
from sandbox.providers.properties import (
    UNKNOWN,
    Change,
    Secret,
    decode,
    encode,
    marked_like,
    path_text,
    plain,
)
from sandbox.supervisor_client import SupervisorError

# Errors whose messages are meant for people and quote no values.
_EXPLAINED = (
    BackingServiceError,
    BotoCoreError,
    LookupError,
    SupervisorError,
    functions.UnknownFunction,
)
_KINDS = {
    (Change.ADD, False): pb.PropertyDiff.ADD,
    (Change.ADD, True): pb.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): pb.PropertyDiff.DELETE,
    (Change.DELETE, True): pb.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): pb.PropertyDiff.UPDATE,
    (Change.UPDATE, True): pb.PropertyDiff.UPDATE_REPLACE,
}


class AwsProvider(Provider):
    """Creates, reads, changes and deletes what the tables describe.

    With an instance, databases and caches are real servers of that sandbox. Without one the
    provider is for previews: calls go to the configured endpoint or to a moto of this process.
    """

    package = "aws"
    version = "7.51.1"

    def __init__(self, instance: Instance | None) -> None:
        super().__init__()
        self._instance = instance
        self._clients = Clients()

    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> Any:
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> Any:
        # Another region is for the resources to notice: each one's own input replaces it.
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    @reported
    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> Any:
        configuration = {
            key: _from_json(value) for key, value in plain(decode(request.args)).items()
        }
        self.connection(context).attributes["session"] = self._new_session(configuration)
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def _new_session(self, configuration: Mapping[str, Any]) -> Session:
        offline = self._instance is None
        return Session(configuration, self._clients, self._fallback_endpoint, offline)

    def _fallback_endpoint(self) -> str:
        return self._instance.aws_endpoint if self._instance else local_moto.endpoint()

    @reported
    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> Any:
        marked, previous = decode(request.news), plain(decode(request.olds))
        try:
            kind = _resource_type(request.urn)
        except ProviderError as error:
            return pb.CheckResponse(failures=[pb.CheckFailure(reason=str(error))])
        inputs = {key: value for key, value in plain(marked).items() if value is not None}
        filled = names.with_defaults(kind, _name(request.urn), inputs, previous, request.randomSeed)
        failures = lifecycle.check(self._context(context, kind, filled))
        return pb.CheckResponse(
            inputs=encode(marked_like(filled, marked)),
            failures=[
                pb.CheckFailure(
                    property=path_text(failure.path),
                    reason=f"{kind.type}: {path_text(failure.path)} {failure.reason}",
                )
                for failure in failures
            ],
        )

    @reported
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> Any:
        kind = _resource_type(request.urn)
        old, new = plain(decode(request.old_inputs)), plain(decode(request.news))
        state = plain(decode(request.olds))
        wanted = tags.all_tags(self._context(context, kind, new))
        found = differences.differences(
            kind, old, new, state.get("tagsAll"), wanted, request.ignoreChanges
        )
        same_name = bool(kind.name) and old.get(kind.name) == new.get(kind.name)
        delete_first = kind.delete_before_replace or (
            same_name and not names.is_automatic(kind, new)
        )
        response = pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if found.paths else pb.DiffResponse.DIFF_NONE,
            replaces=found.replacing,
            diffs=sorted(found.changed),
            deleteBeforeReplace=bool(found.replacing) and delete_first,
            hasDetailedDiff=True,
        )
        for path, (change, replaces) in found.paths.items():
            detail = response.detailedDiff[path_text(path)]
            detail.kind, detail.inputDiff = _KINDS[change, replaces], path[0] != "tagsAll"
        return response

    @reported
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> Any:
        kind, marked = _resource_type(request.urn), decode(request.properties)
        resource = self._context(context, kind, plain(marked))
        if request.preview:
            outputs = lifecycle.preview(resource)
        else:
            outputs = self._attempt(request.urn, lambda: lifecycle.create(resource))
            self._note(resource)
        return pb.CreateResponse(id=resource.id, properties=_secured(kind, outputs, marked))

    @reported
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> Any:
        kind = _resource_type(request.urn)
        marked, state = decode(request.inputs), decode(request.properties)
        resource = self._context(context, kind, plain(marked), plain(state), request.id)
        if not resource.inputs:
            resource.outputs |= lifecycle.identifying_properties(kind, request.id)
        outputs = self._attempt(request.urn, lambda: lifecycle.read(resource))
        if outputs is None:
            return pb.ReadResponse(id="")
        inputs = descriptions.actual_inputs(resource, outputs)
        return pb.ReadResponse(
            id=request.id,
            properties=_secured(kind, outputs, {**state, **marked}),
            inputs=_secured(kind, inputs, marked),
        )

    @reported
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> Any:
        kind, marked = _resource_type(request.urn), decode(request.news)
        state, old = plain(decode(request.olds)), plain(decode(request.old_inputs))
        resource = self._context(context, kind, plain(marked), state, request.id)
        resource.previous = old
        if request.preview:
            outputs = lifecycle.preview_update(resource)
        else:
            wanted = tags.all_tags(resource)
            found = differences.differences(
                kind, old, resource.inputs, state.get("tagsAll"), wanted, request.ignoreChanges
            )
            outputs = self._attempt(request.urn, lambda: lifecycle.update(resource, found.changed))
            self._note(resource)
        return pb.UpdateResponse(properties=_secured(kind, outputs, marked))

    @reported
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        kind = _resource_type(request.urn)
        inputs, state = plain(decode(request.old_inputs)), plain(decode(request.properties))
        resource = self._context(context, kind, inputs, state, request.id)
        self._attempt(request.urn, lambda: lifecycle.delete(resource))
        return empty_pb2.Empty()

    @reported
    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> Any:
        arguments = {
            key: value
            for key, value in plain(decode(request.args)).items()
            if value is not None and value is not UNKNOWN
        }
        result = self._attempt(
            request.tok,
            lambda: functions.invoke(self._session(context), request.tok, arguments),
        )
        response = pb.InvokeResponse()
        # The field's name is a word of Python's own.
        getattr(response, "return").CopyFrom(encode(result))
        return response

    def _session(self, context: grpc.ServicerContext) -> Session:
        connection = self.connection(context)
        if "session" not in connection.attributes:
            connection.attributes["session"] = self._new_session({})
        session: Session = connection.attributes["session"]
        return session

    def _context(
        self,
        context: grpc.ServicerContext,
        kind: ResourceType,
        inputs: Properties,
        outputs: Properties | None = None,
        identifier: str = "",
    ) -> Context:
        return Context(
            session=self._session(context),
            kind=kind,
            inputs=inputs,
            outputs=outputs or {},
            id=identifier,
            instance=self._instance,
        )

    def _attempt(self, what: str, action: Any) -> Any:
        """Return what the action returns; what AWS answers becomes an error for the person."""
        name = what.rpartition("::")[2]
        try:
            return action()
        except InvalidInputs as error:
            reasons = (f"{path_text(f.path)} {f.reason}" for f in error.failures)
            raise ProviderError(f"{name}: {'; '.join(reasons)}") from error
        except ClientError as error:
            answer = error.response["Error"]
            raise ProviderError(
                f"{name}: {error.operation_name} was refused: "
                f"{answer.get('Code')}: {answer.get('Message')}"
            ) from error
        except ResponseParserError as error:
            raise ProviderError(
                f"{name}: the stand-in for AWS failed at the call; its log says where"
            ) from error
        except _EXPLAINED as error:
            raise ProviderError(f"{name}: {error}") from error

    def _note(self, resource: Context) -> None:
        """List what of a resource lives in Pulumi's state alone."""
        kind = resource.kind
        if self._instance is None:
            return
        if kind.kept_in_state:
            kept_in_state.record(self._instance, kind.type, kind.kept_in_state)
        for operation in sorted(resource.skipped):
            name = f"{kind.type} {operation}"
            kept_in_state.record(self._instance, name, kind.lacking[operation])


def _resource_type(urn: str) -> ResourceType:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in TABLE:
        raise ProviderError(
            f"the resource type {token} is not known to the aws provider of the sandbox; "
            "an entry in sandbox/providers/aws/tables makes it known"
        )
    return TABLE[token]


def _name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _from_json(value: Any) -> Any:
    """Provider arguments that are not strings come as JSON text."""
    return parameters.from_json(value) if isinstance(value, str) else value


def _secured(kind: ResourceType, values: Properties, marks: Properties) -> struct_pb2.Struct:
    """Encode the values with what is secret by type or was secret in the program marked so."""
    secrets = sdk.resource_class(kind.type).secrets
    marked = marked_like(values, marks)
    for name in secrets & marked.keys():
        if not isinstance(marked[name], Secret):
            marked[name] = Secret(plain(marked[name]))
    return encode(marked)
