"""The services below the program, on which it provisions: they stay up while stacks come and go."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sandbox import control_plane, prometheus, toolchain
from sandbox.aws_server import PORT as AWS_PORT
from sandbox.certificates import authority
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.providers.server import ADDRESS, provider_ports
from sandbox.supervisor_client import ServiceSpec, SupervisorClient

Report = Callable[[str], None]

TOOLS = (
    "pulumi",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "helm",
    "etcd",
    "external-secrets",
    "postgres",
    "redis-server",
    "prometheus",
    "promtool",
)


def start(instance: Instance, region: str, report: Report) -> None:
    """Start what stands below the program: AWS of a region, control plane, nodes, providers,
    Prometheus.

    What runs already, as specified, is left alone.
    """
    tools = toolchain.ensure(TOOLS)
    authority(instance)
    client = SupervisorClient(instance)
    client.launch()
    report("starting AWS, the control plane and the providers")
    first = [
        _service(
            instance,
            "providers",
            "sandbox.providers.server",
            ready=(ADDRESS, provider_ports(instance)["aws"]),
            # Where a plugin of the official CLI would run, so that relative paths mean the same.
            directory=PROJECT_ROOT / "infra",
        )
    ]
    # AWS's state is in its memory: one that runs is never started anew.
    if "aws" not in {service.name for service in client.status()}:
        address = (instance.address("aws"), AWS_PORT)
        server = _service(instance, "aws", "sandbox.aws_server", ready=address)
        first.append(replace(server, restart=False))
    for spec in first:
        client.start(spec, wait=False)
    control_plane.start(client, tools, instance)
    for name, module in (("node", "sandbox.node"), ("load-balancer", "sandbox.load_balancer")):
        arguments = ("--region", region)
        client.start(_service(instance, name, module, arguments=arguments), wait=False)
    prometheus.start(client, tools, instance)
    for spec in first:
        client.start(spec)


def _service(
    instance: Instance,
    name: str,
    module: str,
    ready: tuple[str, int] | None = None,
    directory: Path = PROJECT_ROOT,
    arguments: tuple[str, ...] = (),
) -> ServiceSpec:
    identity = ("--name", instance.name, "--slot", str(instance.slot))
    return ServiceSpec(
        name=name,
        command=(sys.executable, "-m", module, *identity, *arguments),
        # gRPC would report on every fork of a helper.
        environment={"PYTHONPATH": str(PROJECT_ROOT), "GRPC_ENABLE_FORK_SUPPORT": "0"},
        directory=str(directory),
        ready_address=ready,
    )
