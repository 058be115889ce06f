"""Serves the stand-ins of the ``aws``, ``kubernetes`` and ``random`` provider plugins.

The engine attaches to them through ``PULUMI_DEBUG_PROVIDERS``. It takes port numbers only and
always dials 127.0.0.1 (``dialPlugin`` in sdk/go/common/resource/plugin/plugin.go of Pulumi 3.259),
so every sandbox has ports of its own there instead of an address.
"""

import argparse
import signal
from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass, field
from queue import SimpleQueue

import grpc
from pulumi.runtime.proto import provider_pb2_grpc as rpc

from sandbox.paths import Instance
from sandbox.providers.aws import AwsProvider
from sandbox.providers.base import MESSAGE_LIMIT
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.random_values import RandomProvider

ADDRESS = "127.0.0.1"
PACKAGES = ("aws", "kubernetes", "random")
_FIRST_PORT = 19100
# The engine runs four operations a processor at once by default (defaultParallel in
# cmd/pulumi/operations/up.go), and every wait holds a thread. Threads start when they are needed.
_THREADS = 512
_STOP_SECONDS = 5


class PortTaken(Exception):
    """A provider's port is in use by another process."""


def provider_ports(instance: Instance) -> dict[str, int]:
    """Return the port of every provider of a sandbox, by package."""
    first = _FIRST_PORT + instance.slot * len(PACKAGES)
    return {package: first + index for index, package in enumerate(PACKAGES)}


def debug_providers(ports: Mapping[str, int]) -> str:
    """Return the ports as ``PULUMI_DEBUG_PROVIDERS`` wants them."""
    return ",".join(f"{package}:{port}" for package, port in ports.items())


@dataclass
class Servers:
    """The running providers; a context manager that stops them at its end."""

    ports: dict[str, int]
    _servers: list[grpc.Server] = field(repr=False)

    @property
    def debug_providers(self) -> str:
        """The value of ``PULUMI_DEBUG_PROVIDERS`` which attaches an engine to these providers."""
        return debug_providers(self.ports)

    def stop(self) -> None:
        """End every operation and release the ports."""
        for stopped in [server.stop(_STOP_SECONDS) for server in self._servers]:
            stopped.wait()

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(
    instance: Instance | None,
    ports: Mapping[str, int] | None = None,
    others: Mapping[str, rpc.ResourceProviderServicer] | None = None,
) -> Servers:
    """Serve the providers in this process, on free ports unless some are given.

    Without an instance they can only preview: there is neither an account nor a cluster.
    ``others`` take the place of the usual ones, by package. Raises :class:`PortTaken`.
    """
    servicers: dict[str, rpc.ResourceProviderServicer] = {
        "aws": AwsProvider(instance),
        "kubernetes": KubernetesProvider(instance),
        "random": RandomProvider(),
        **(others or {}),
    }
    chosen: dict[str, int] = {}
    servers: list[grpc.Server] = []
    running = Servers(chosen, servers)
    for package, servicer in servicers.items():
        server = grpc.server(
            futures.ThreadPoolExecutor(_THREADS, thread_name_prefix=package),
            options=[
                ("grpc.max_receive_message_length", MESSAGE_LIMIT),
                ("grpc.max_send_message_length", MESSAGE_LIMIT),
                # Otherwise two processes could share a port and each get half of the calls.
                ("grpc.so_reuseport", 0),
            ],
        )
        rpc.add_ResourceProviderServicer_to_server(servicer, server)
        wanted = ports[package] if ports else 0
        try:
            chosen[package] = server.add_insecure_port(f"{ADDRESS}:{wanted}")
        except RuntimeError as error:
            running.stop()
            raise PortTaken(
                f"port {wanted} of {ADDRESS}, which the {package} provider needs, is taken; "
                "stop what listens there or start the sandbox in another slot"
            ) from error
        server.start()
        servers.append(server)
    return running


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the provider stand-ins of a sandbox.")
    parser.add_argument("--name", default="default")
    parser.add_argument("--slot", type=int, default=0)
    arguments = parser.parse_args()
    instance = Instance(arguments.name, arguments.slot)
    # An Event's lock may be held by the very thread that the signal interrupts; `put` of this queue
    # may be called again in the middle of itself.
    asked_to_stop: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked_to_stop.put(number))
    try:
        servers = serve(instance, provider_ports(instance))
    except PortTaken as error:
        raise SystemExit(str(error)) from error
    with servers:
        print(f"providers: {servers.debug_providers}", flush=True)
        asked_to_stop.get()


if __name__ == "__main__":
    main()
