"""One process under the supervisor's care: its start, readiness, restarts, log and end."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import Callable
from typing import BinaryIO
from urllib.parse import urlsplit

from sandbox import listeners
from sandbox.certificates import ca_bundle
from sandbox.paths import Instance
from sandbox.supervisor_client import (
    INHERITED_VARIABLES,
    ServiceSpec,
    ServiceStatus,
    State,
    SupervisorError,
    tail,
)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_CALM = 30.0  # seconds in readiness after which the next restart is quick again
_UNREADY_EXITS = 3
_SETTLING = 0.3  # seconds that a service without a probe must last to count as ready
_PROBE_INTERVAL, _PROBE_TIMEOUT = 0.05, 5.0
# After a supervisor was killed its processes are gone a moment later, not at once.
_ADDRESS_PATIENCE = 3.0
_LARGEST_LOG = 20 * 1024 * 1024

_PR_SET_PDEATHSIG = 1  # prctl(2)
_prctl: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl


class Service:
    """Keeps one specified process running, from :meth:`start` to :meth:`stop`."""

    def __init__(self, spec: ServiceSpec, instance: Instance) -> None:
        self.spec = spec
        self._instance = instance
        self._log = instance.logs / f"{spec.name}.log"
        self._state: State = "stopped"
        self._since = time.time()
        self._restarts = 0
        self._problem = ""
        self._settled = asyncio.Event()
        self._changing = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._exit = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, spec: ServiceSpec) -> None:
        """Run as specified; nothing changes when that is so already."""
        async with self._changing:
            if spec == self.spec and self._state in ("starting", "ready"):
                return
            await self._end()
            self.spec = spec
            self._restarts = 0
            self._enter("starting")
            self._keeper = asyncio.create_task(self._keep_running())

    async def wait_until_settled(self) -> None:
        """Return when it is ready; SupervisorError with its last log lines when it will not be."""
        await self._settled.wait()
        if self._state == "failed":
            raise SupervisorError(self._problem)
        if self._state == "stopped" and self.spec.restart:
            raise SupervisorError(f"{self.spec.name} was stopped before it was ready")

    async def stop(self) -> None:
        async with self._changing:
            await self._end()
            self._enter("stopped")

    def reap(self) -> None:
        if self._process and self._process.poll() is not None:
            self._exit.set()

    def status(self) -> ServiceStatus:
        address = self.spec.address
        return ServiceStatus(
            name=self.spec.name,
            state=self._state,
            pid=self._process.pid if self._process and not self._exit.is_set() else None,
            restarts=self._restarts,
            since=self._since,
            address=f"{address[0]}:{address[1]}" if address else None,
        )

    def rotate_log(self) -> None:
        """Move what was written aside; the process appends, so the file it has open stays good."""
        with contextlib.suppress(FileNotFoundError):
            if self._log.stat().st_size > _LARGEST_LOG:
                shutil.copyfile(self._log, self._log.with_suffix(".log.1"))
                os.truncate(self._log, 0)

    async def _keep_running(self) -> None:
        pause, unready_exits = _FIRST_PAUSE, 0
        while True:
            try:
                await self._spawn()
                ready = await self._becomes_ready()
            except SupervisorError as problem:
                await self._terminate()
                return self._fail(str(problem))
            began = time.monotonic()
            if ready:
                self._enter("ready")
                await self._exit.wait()
            self._kill_descendants()
            code = self._process.returncode if self._process else None
            if code == 0 and not self.spec.restart:
                return self._enter("stopped")
            unready_exits = 0 if ready else unready_exits + 1
            if unready_exits == _UNREADY_EXITS or not self.spec.restart:
                return self._fail(self._ended(code))
            if time.monotonic() - began > _CALM:
                pause = _FIRST_PAUSE
            print(f"{self._ended(code, lines=0)} It is started again.", flush=True)
            self._enter("starting")
            self._restarts += 1
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _spawn(self) -> None:
        spec, self._process = self.spec, None
        if spec.address:
            await self._wait_for_address(*spec.address)
        environment = {name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
        as_user = spec.user if os.geteuid() == 0 else None
        self._exit.clear()
        with self._open_log() as log:
            try:
                self._process = subprocess.Popen(
                    spec.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment | dict(spec.environment),
                    cwd=spec.directory,
                    user=as_user,
                    group=pwd.getpwnam(as_user).pw_gid if as_user else None,
                    extra_groups=[] if as_user else None,
                    start_new_session=True,
                    # Popen runs it after the change of user, which would undo it.
                    preexec_fn=_die_with(os.getpid()),
                )
            except (OSError, KeyError, subprocess.SubprocessError) as error:
                raise SupervisorError(
                    f"{spec.name} cannot be started: {spec.command[0]}: {error}"
                ) from None

    async def _wait_for_address(self, address: str, port: int) -> None:
        deadline = time.monotonic() + _ADDRESS_PATIENCE
        while listeners.is_taken(address, port):
            if time.monotonic() > deadline:
                raise SupervisorError(
                    f"{self.spec.name} cannot listen on {address} port {port}:"
                    f" {listeners.holder(address, port)} does. End that process, or give this"
                    " sandbox another slot."
                )
            await asyncio.sleep(_PROBE_INTERVAL)

    async def _becomes_ready(self) -> bool:
        """Tell whether it got ready, or ended first; SupervisorError when it takes too long."""
        if not self.spec.address:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), _SETTLING)
            return not self._exit.is_set()
        deadline = time.monotonic() + self.spec.ready_timeout
        while not self._exit.is_set():
            if await self._probe():
                return True
            if time.monotonic() > deadline:
                raise SupervisorError(
                    f"{self.spec.name} was not ready within {self.spec.ready_timeout:g} s;"
                    f" {self._last_words()}"
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._exit.wait(), _PROBE_INTERVAL)
        return False

    async def _probe(self) -> bool:
        try:
            async with asyncio.timeout(_PROBE_TIMEOUT):
                if self.spec.ready_url:
                    return await _answers(self.spec.ready_url, self._instance)
                if self.spec.ready_address:
                    _, writer = await asyncio.open_connection(*self.spec.ready_address)
                    writer.close()
        except (OSError, TimeoutError, ValueError):
            return False
        return True

    async def _end(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        await self._terminate()

    async def _terminate(self) -> None:
        if not self._process:
            return
        for number, patience in (
            (self.spec.stop_signal, self.spec.stop_timeout),
            (signal.SIGKILL, None),
        ):
            self._process.send_signal(number)  # does nothing to one that was reaped
            try:
                await asyncio.wait_for(self._exit.wait(), patience)
                break
            except TimeoutError:
                print(f"{self.spec.name} does not stop and is killed.", flush=True)
        self._kill_descendants()
        self._process = None

    def _kill_descendants(self) -> None:
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _enter(self, state: State) -> None:
        self._state, self._since = state, time.time()
        if state == "starting":
            self._settled.clear()
        else:
            self._settled.set()

    def _fail(self, problem: str) -> None:
        print(problem, flush=True)
        self._problem = problem
        self._enter("failed")

    def _ended(self, code: int | None, lines: int = 15) -> str:
        if code is not None and code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"ended with status {code}"
        return f"{self.spec.name} {how}." + (f" {self._last_words(lines)}" if lines else "")

    def _last_words(self, lines: int = 15) -> str:
        return f"the last lines of {self._log}:\n{tail(self._log, lines)}"

    def _open_log(self) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.fdopen(os.open(self._log, flags, 0o600), "ab")


def _die_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)

    return in_child


async def _answers(url: str, instance: Instance) -> bool:
    """Tell whether a GET is answered with a status below 400."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = ssl.create_default_context(cafile=str(ca_bundle(instance))) if secure else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        status_line = (await reader.readline()).split()
        return len(status_line) > 1 and int(status_line[1]) < 400
    finally:
        writer.close()
