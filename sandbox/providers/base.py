"""What every provider stand-in has in common: the handshake, connections and error reports."""

import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import any_pb2, empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, status_pb2
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.providers.properties import encode

# pulumirpc's own limit (sdk/go/common/util/rpcutil/serve.go of Pulumi 3.259).
MESSAGE_LIMIT = 1024 * 1024 * 400
_REMEMBERED_CONNECTIONS = 256

_Method = TypeVar("_Method", bound=Callable[..., Any])


class ProviderError(Exception):
    """A failure whose message is meant for the person who runs Pulumi."""


class NotReady(ProviderError):
    """An object was created or updated but did not get ready; the engine keeps it in the state."""

    def __init__(self, identifier: str, properties: dict[str, Any], inputs: Any, reason: str):
        super().__init__(reason)
        self.identifier = identifier
        self.properties = properties
        self.inputs = inputs


@dataclass
class Connection:
    """One provider instance of a Pulumi program: every instance has a connection of its own."""

    configuration: dict[str, Any] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    attributes: dict[str, Any] = field(default_factory=dict)
    _engine_address: str = ""
    _engine: engine_pb2_grpc.EngineStub | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attach(self, engine_address: str) -> None:
        """Remember where the engine takes log messages."""
        if engine_address != self._engine_address:
            self._engine_address, self._engine = engine_address, None

    def log(self, message: str, urn: str = "", *, warning: bool = False) -> None:
        """Show a message to the person who runs Pulumi; never fails the operation."""
        self._send(message, urn, engine_pb2.WARNING if warning else engine_pb2.INFO, False)

    def progress(self, message: str, urn: str) -> None:
        """Show a passing message in the resource's line of the progress display."""
        self._send(message, urn, engine_pb2.INFO, True)

    def _send(self, message: str, urn: str, severity: Any, ephemeral: bool) -> None:
        with self._lock:
            if self._engine is None and self._engine_address:
                channel = grpc.insecure_channel(self._engine_address)
                self._engine = engine_pb2_grpc.EngineStub(channel)
        if self._engine is None:
            return
        request = engine_pb2.LogRequest(
            severity=severity, message=message, urn=urn, ephemeral=ephemeral
        )
        try:
            self._engine.Log(request, timeout=5)
        except grpc.RpcError as error:
            print(f"a log message did not reach the engine: {error}", file=sys.stderr)


def reported(method: _Method) -> _Method:
    """Turn what a method raises into an answer that the engine shows whole."""

    @wraps(method)
    def wrapper(self: "Provider", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except NotReady as error:
            _abort_not_ready(context, error)
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except Exception as error:
            # The traceback goes to the service's log only by its frames: a message of an
            # unforeseen error could quote a secret.
            print("".join(traceback.format_tb(error.__traceback__)), file=sys.stderr)
            name = type(error).__name__
            context.abort(
                grpc.StatusCode.INTERNAL,
                f"the {self.package} provider of the sandbox failed in {method.__name__} "
                f"with {name}; see its log",
            )

    return wrapper  # type: ignore[return-value]


def _abort_not_ready(context: grpc.ServicerContext, error: NotReady) -> NoReturn:
    details = pb.ErrorResourceInitFailed(
        id=error.identifier,
        properties=encode(error.properties),
        inputs=encode(error.inputs),
        reasons=[str(error)],
    )
    packed = any_pb2.Any()
    packed.Pack(details)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))


class Provider(rpc.ResourceProviderServicer):
    """A provider attached to by many engines at once; resources are the subclasses' work.

    ``package`` is the Pulumi package's name and ``version`` the plugin version it stands in for.
    """

    package: str
    version: str

    def __init__(self) -> None:
        self._connections: OrderedDict[str, Connection] = OrderedDict()
        self._connections_lock = threading.Lock()

    def connection(self, context: grpc.ServicerContext) -> Connection:
        """Return the state of the provider instance that makes this call."""
        with self._connections_lock:
            connection = self._connections.setdefault(context.peer(), Connection())
            self._connections.move_to_end(context.peer())
            if len(self._connections) > _REMEMBERED_CONNECTIONS:
                self._connections.popitem(last=False)
            return connection

    def Handshake(
        self, request: pb.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> pb.ProviderHandshakeResponse:
        with self._connections_lock:
            # An address may be reused by a later run: nothing of the earlier one may remain.
            self._connections.pop(context.peer(), None)
        self.connection(context).attach(request.engine_address)
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    def Attach(
        self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self.connection(context).attach(request.address)
        return empty_pb2.Empty()

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self.version)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.connection(context).cancelled.set()
        return empty_pb2.Empty()

    @reported
    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:
        raise ProviderError(
            f"the function {request.tok} is not known to the {self.package} provider of the sandbox"
        )

    @reported
    def Call(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise ProviderError(
            f"the method {request.tok} is not known to the {self.package} provider of the sandbox"
        )

    @reported
    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise ProviderError(
            f"the component {request.type} is not known to the {self.package} provider of the "
            "sandbox"
        )
