"""The daemon that runs a sandbox's processes: ``python -m sandbox.supervisor --name N --slot S``.

It detaches itself, holds a lock in the sandbox's state directory, so that there is one at most,
and takes requests from :mod:`sandbox.supervisor_client`. What it runs is restarted when it ends,
stopped in reverse order, and killed by the kernel should the supervisor be killed. It has one
thread only: the kernel's signal comes when the *thread* that started a process ends.
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sandbox.paths import Instance
from sandbox.service import Service
from sandbox.supervisor_client import (
    ServiceSpec,
    SupervisorError,
    create_state_directory,
    socket_path,
)

_ROTATION_INTERVAL = 10.0
_LONGEST_REQUEST = 1 << 22


class Supervisor:
    """All services of one sandbox, in the order of their start."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._services: dict[str, Service] = {}
        self._ending = asyncio.Event()

    async def run(self) -> None:
        """Serve until it is asked to end; every service is stopped on return."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        with socket_path(self._instance) as path:
            # Whoever left it there does not hold the lock any more.
            (self._instance.state / "supervisor.sock").unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._serve, path, limit=_LONGEST_REQUEST)
        rotation = asyncio.create_task(self._rotate_logs())
        await self._ending.wait()
        rotation.cancel()
        for name in reversed(list(self._services)):
            await self._services[name].stop()
        (self._instance.state / "supervisor.sock").unlink(missing_ok=True)
        server.close()

    def _reap(self) -> None:
        for service in self._services.values():
            service.reap()

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(_ROTATION_INTERVAL)
            for service in self._services.values():
                service.rotate_log()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer: dict[str, Any]
        try:
            line = await reader.readline()
            if not line:
                return
            answer = await self._answer(json.loads(line))
        except SupervisorError as error:
            answer = {"error": str(error)}
        except Exception as error:
            _say(f"a request failed: {error!r}")
            answer = {"error": f"the supervisor failed: {type(error).__name__}: {error}"}
        with contextlib.suppress(ConnectionError):
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
            writer.close()

    async def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        match message["request"]:
            case "ping":
                return {"slot": self._instance.slot, "pid": os.getpid()}
            case "start":
                await self._start(ServiceSpec.from_message(message["service"]), message["wait"])
            case "stop":
                if service := self._services.get(message["name"]):
                    await service.stop()
                    self._services.pop(message["name"], None)
            case "status":
                return {"services": [asdict(each.status()) for each in self._services.values()]}
            case "shutdown":
                self._ending.set()
            case unknown:
                raise SupervisorError(f"the supervisor knows no request {unknown!r}")
        return {}

    async def _start(self, spec: ServiceSpec, wait: bool) -> None:
        if self._ending.is_set():
            raise SupervisorError(f"{spec.name} was not started: the sandbox is being brought down")
        service = self._services.get(spec.name)
        if service is None:
            service = self._services[spec.name] = Service(spec, self._instance)
        await service.start(spec)
        if wait:
            await service.wait_until_settled()


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}", flush=True)


def _take_lock(instance: Instance) -> int:
    descriptor = os.open(instance.state / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SupervisorError(f"sandbox {instance.name!r} has a supervisor already") from None
    return descriptor


def _detach(instance: Instance) -> None:
    """Go on in a process and a session of its own, which keeps the lock."""
    sys.stdout.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    log = os.open(instance.logs / "supervisor.log", flags, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.supervisor", description=__doc__)
    parser.add_argument("--name", default=Instance.name)
    parser.add_argument("--slot", type=int, default=Instance.slot)
    arguments = parser.parse_args()
    instance = Instance(arguments.name, arguments.slot)
    create_state_directory(instance)
    try:
        _take_lock(instance)
    except SupervisorError:
        return  # who asked for a supervisor has one
    _detach(instance)
    _say(f"supervisor of {instance.name} in slot {instance.slot}, pid {os.getpid()}")
    asyncio.run(Supervisor(instance).run())
    _say("supervisor ends")


if __name__ == "__main__":
    main()
