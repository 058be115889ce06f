"""What runs as a process in a sandbox, and the way to have it run.

A :class:`ServiceSpec` describes one process; a :class:`SupervisorClient` hands it to the sandbox's
supervisor (:mod:`sandbox.supervisor`), a daemon that outlives the command which started it.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from sandbox.paths import PROJECT_ROOT, Instance

State = Literal["starting", "ready", "failed", "stopped"]

# What a service is given of its starter's environment: enough to find programs and the sandbox's
# own directories, and none of the user's credentials.
INHERITED_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "SANDBOX_STATE",
    "SANDBOX_CACHE",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
)
_ANSWER_TIMEOUT = 10.0


class SupervisorError(Exception):
    """A service did not get ready, or the supervisor cannot be reached."""


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """One process of a sandbox and how to tell that it is ready.

    Without ``ready_url`` and ``ready_address`` it is ready when it did not end at once.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    directory: str | None = None
    user: str | None = None
    """Honoured only when the sandbox runs as root."""
    ready_url: str | None = None
    """Answers GET with a status below 400; https is verified with the sandbox's authority."""
    ready_address: tuple[str, int] | None = None
    ready_timeout: float = 60
    stop_signal: int = signal.SIGTERM
    stop_timeout: float = 10
    restart: bool = True

    @property
    def address(self) -> tuple[str, int] | None:
        """The address it listens on, as far as its readiness tells."""
        if self.ready_address or not self.ready_url:
            return self.ready_address
        url = urlsplit(self.ready_url)
        return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> Self:
        """Read back what ``dataclasses.asdict`` and JSON made of a specification."""
        address = message["ready_address"]
        fields: dict[str, Any] = {
            **message,
            "command": tuple(message["command"]),
            "ready_address": (address[0], address[1]) if address else None,
        }
        return cls(**fields)


@dataclass(frozen=True, kw_only=True)
class ServiceStatus:
    """How a service is doing; ``since`` is when it entered its state, in seconds of the epoch."""

    name: str
    state: State
    pid: int | None
    restarts: int
    since: float
    address: str | None


def create_state_directory(instance: Instance) -> None:
    """Create the directories of a sandbox.

    They are the user's alone. As root they can be passed through as well, because PostgreSQL runs
    as another user there.
    """
    mode = 0o711 if os.geteuid() == 0 else 0o700
    instance.state.parent.mkdir(parents=True, exist_ok=True)
    for directory in (instance.state, instance.logs):
        directory.mkdir(exist_ok=True)
        directory.chmod(mode)


@contextlib.contextmanager
def socket_path(instance: Instance) -> Iterator[str]:
    """Yield a short name of the supervisor's socket: a socket's path has 108 bytes at most."""
    directory = os.open(instance.state, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/supervisor.sock"
    finally:
        os.close(directory)


class SupervisorClient:
    """Starts, stops and lists the processes of one sandbox.

    Every method but :meth:`running`, :meth:`launch`, :meth:`status` and :meth:`shutdown` raises
    :class:`SupervisorError` when no supervisor runs.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def launch(self) -> None:
        """Start the sandbox's supervisor unless it runs, and wait until it answers.

        Raises SupervisorError when it does not come up, or when it runs with another slot.
        """
        create_state_directory(self._instance)
        if not self.running():
            self._spawn()
        slot = self._call({"request": "ping"}, _ANSWER_TIMEOUT)["slot"]
        if slot != self._instance.slot:
            raise SupervisorError(
                f"sandbox {self._instance.name!r} runs in slot {slot}, not in slot"
                f" {self._instance.slot}: name the slot it has, bring it down first, or choose"
                " another name"
            )

    def running(self) -> bool:
        try:
            self._call({"request": "ping"}, _ANSWER_TIMEOUT)
        except SupervisorError:
            return False
        return True

    def start(self, spec: ServiceSpec, wait: bool = True) -> None:
        """Have a service run as specified; nothing happens to one that already does.

        One that runs with another specification is restarted. With ``wait`` it is ready on
        return; a SupervisorError holds its last log lines when it did not get so.
        """
        timeout = 3 * (spec.ready_timeout + spec.stop_timeout) + _ANSWER_TIMEOUT  # it tries thrice
        self._call({"request": "start", "service": asdict(spec), "wait": wait}, timeout)

    def stop(self, name: str) -> None:
        """Stop a service and forget it; one that is not known is already stopped."""
        self._call({"request": "stop", "name": name}, None)

    def status(self) -> list[ServiceStatus]:
        """Return every service in the order of their start; none when no supervisor runs."""
        try:
            answer = self._call({"request": "status"}, _ANSWER_TIMEOUT)
        except SupervisorError:
            return []
        return [ServiceStatus(**service) for service in answer["services"]]

    def shutdown(self) -> None:
        """Stop every service, last started first, and the supervisor; return when all are gone."""
        try:
            pid = self._call({"request": "ping"}, _ANSWER_TIMEOUT)["pid"]
            process = os.pidfd_open(pid)
        except (SupervisorError, ProcessLookupError):
            return
        try:
            with contextlib.suppress(SupervisorError):
                self._call({"request": "shutdown"}, _ANSWER_TIMEOUT)
            select.select([process], [], [])
        finally:
            os.close(process)

    def kill(self) -> None:
        """Kill the supervisor and every service at once; none is asked to end.

        Returns when they are gone. What they started themselves ends by the kernel's signal.
        """
        try:
            pids = [self._call({"request": "ping"}, _ANSWER_TIMEOUT)["pid"]]
        except SupervisorError:
            return
        pids += [service.pid for service in self.status() if service.pid]
        # Descriptors first: a number may be another process's once its own has ended.
        processes = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                processes.append(os.pidfd_open(pid))
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
        for process in processes:
            select.select([process], [], [])
            os.close(process)

    def _spawn(self) -> None:
        environment = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        command = [sys.executable, "-m", "sandbox.supervisor"]
        command += ["--name", self._instance.name, "--slot", str(self._instance.slot)]
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SupervisorError(f"the supervisor did not start: {done.stderr.strip()}")
        deadline = time.monotonic() + _ANSWER_TIMEOUT
        while not self.running():
            if time.monotonic() > deadline:
                words = tail(self._instance.logs / "supervisor.log")
                raise SupervisorError(f"the supervisor does not answer; its last words:\n{words}")
            time.sleep(0.02)

    def _call(self, message: Mapping[str, Any], timeout: float | None) -> dict[str, Any]:
        try:
            with (
                socket_path(self._instance) as path,
                socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
            ):
                connection.settimeout(timeout)
                connection.connect(path)
                connection.sendall(json.dumps(message).encode() + b"\n")
                line = connection.makefile("rb").readline()
        except OSError as error:
            raise SupervisorError(
                f"the supervisor of sandbox {self._instance.name!r} cannot be reached"
                f" ({error.strerror or error}); is the sandbox up?"
            ) from None
        if not line:
            raise SupervisorError(
                f"the supervisor ended while it was asked to {message['request']}; see"
                f" {self._instance.logs / 'supervisor.log'}"
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SupervisorError(answer["error"])
        return answer


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log; nothing of one that does not exist."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""
