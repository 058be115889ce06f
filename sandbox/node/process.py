"""Processes of containers: started with nothing of the machine's, ended with all they started."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

# The convention of container managers for processes that are in a container (systemd's container
# interface): here it also tells which one, so that whatever a container started is found.
_MARK = "container"
_MARK_VALUE = "sandbox:{}/"


class StartError(Exception):
    """A command cannot be started: there is no such executable or working directory."""


class Process:
    """A started process of a container and, by :meth:`wait`, its exit code.

    It leads a session of its own and is killed by the kernel when this process is. One thread
    must start them all, because the kernel acts when the *thread* that started it ends.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        directory: Path,
        container: Path,
        output: int,
        errors: int | None = None,
    ) -> None:
        """Start a command for the container whose directory is given, or raise StartError."""
        executable = _find(command, environment, directory)
        setpriv = shutil.which("setpriv") or "/usr/bin/setpriv"
        try:
            # Not preexec_fn, which may deadlock in a process with threads.
            self._popen = subprocess.Popen(
                [setpriv, "--pdeathsig", "KILL", "--", executable, *command[1:]],
                env={**environment, _MARK: _MARK_VALUE.format(container)},
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output if errors is None else errors,
                start_new_session=True,
                umask=0o077,
            )
        except OSError as error:
            raise StartError(f"{error.strerror}: {error.filename}") from None
        self._container = container
        self._ended = asyncio.Event()
        self._descriptor = os.pidfd_open(self._popen.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._reap)

    @property
    def pid(self) -> int:
        return self._popen.pid

    async def wait(self) -> int:
        """Return the exit code, 128 and the signal's number for one that a signal ended."""
        await self._ended.wait()
        code = self._popen.returncode
        return code if code >= 0 else 128 - code

    async def end(self, grace: float) -> None:
        """Ask it to end, kill it when the grace period is over, and return when it is gone."""
        self.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), max(grace, 0))
        self.kill()
        await self._ended.wait()

    def signal(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def kill(self) -> None:
        """Kill it with its process group."""
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)

    def _reap(self) -> None:
        if self._popen.poll() is None:
            return
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set()


def _find(command: tuple[str, ...], environment: Mapping[str, str], directory: Path) -> str:
    if not command:
        raise StartError("no command specified")
    if not directory.is_dir():
        raise StartError(f"the working directory {directory} does not exist")
    name = str(directory / command[0]) if "/" in command[0] else command[0]
    found = shutil.which(name, path=environment.get("PATH", ""))
    if found is None:
        raise StartError(f'exec: "{command[0]}": executable file not found in $PATH')
    return found


def kill_members(container: Path) -> None:
    """Kill what is left of a container, or of every container below a directory.

    Returns when they are gone. A container's end is the end of all its processes, even of those
    that left its session.
    """
    deadline = time.monotonic() + 5
    while members := list(_members(container)):
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {members} below {container} cannot be killed")
        time.sleep(0.01)


def _members(container: Path) -> Iterator[int]:
    mark = f"{_MARK}=".encode() + _MARK_VALUE.format(container).encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or it is another user's
            variables = (process / "environ").read_bytes().split(b"\0")
            if any(variable.startswith(mark) for variable in variables):
                yield int(process.name)
