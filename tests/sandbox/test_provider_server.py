"""The process that serves the provider stand-ins."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.paths import Instance
from sandbox.providers.server import PortTaken, provider_ports, serve

INSTANCE = Instance("server-tests", 161)


def test_every_sandbox_has_ports_of_its_own() -> None:
    ports = [port for slot in range(191) for port in provider_ports(Instance("x", slot)).values()]
    assert len(set(ports)) == len(ports)


def test_the_process_says_how_to_attach_and_ends_on_request(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.providers.server"]
    process = subprocess.Popen(
        [*command, "--name", INSTANCE.name, "--slot", str(INSTANCE.slot)],
        env={**os.environ, "SANDBOX_STATE": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    ports = provider_ports(INSTANCE)
    assert f"kubernetes:{ports['kubernetes']}" in said


def test_a_taken_port_is_named() -> None:
    with (
        serve(None) as running,
        pytest.raises(PortTaken, match=f"port {running.ports['kubernetes']} of 127.0.0.1"),
    ):
        serve(None, {**provider_ports(INSTANCE), "kubernetes": running.ports["kubernetes"]})
