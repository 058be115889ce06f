"""A real control plane for tests: etcd, API server, controller manager; no node."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import control_plane, toolchain
from sandbox.paths import Instance
from sandbox.supervisor_client import SupervisorClient

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@contextmanager
def running_control_plane(instance: Instance) -> Iterator[Instance]:
    """Start the control plane of an instance; stop it and remove its state at the end.

    It starts from nothing, also where a run that was killed has left its objects behind.
    """
    client = SupervisorClient(instance)
    client.shutdown()
    shutil.rmtree(instance.state, ignore_errors=True)
    client.launch()
    try:
        control_plane.start(client, toolchain.ensure(TOOLS), instance)
        yield instance
    finally:
        client.shutdown()
        shutil.rmtree(instance.state, ignore_errors=True)
