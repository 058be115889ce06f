"""The tools that build LiteLLM's environment, and how one of their commands runs."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox.litellm_versions import UnknownVersion, find_uv

# npm's engine is a module of WebAssembly, and Node 18 the oldest that Prisma 5 names.
_OLDEST_NODE = 18


class ImageBuildError(Exception):
    """The environment could not be built; the message says which step failed and why."""


def uv() -> str:
    """Return the path of uv."""
    try:
        return find_uv()
    except UnknownVersion as error:
        raise ImageBuildError(str(error)) from error


def find(name: str) -> str:
    """Return the path of a program of the machine; raise ImageBuildError."""
    found = shutil.which(name)
    if not found:
        raise ImageBuildError(f"{name} is not on PATH; install the Debian packages nodejs and npm")
    return found


def find_node() -> str:
    """Return the path of a Node that is new enough; raise ImageBuildError."""
    node = find("node")
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    version = asked.stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        raise ImageBuildError(f"{node} is {version}; Node {_OLDEST_NODE} or newer is needed")
    return node


def run_command(
    step: str, command: list[str], directory: Path, environment: Mapping[str, str], lock: int
) -> None:
    """Run one step of a build; raise ImageBuildError with the last lines of what it said."""
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    # A child that outlives this process keeps the lock, so that nobody builds beside it.
    with subprocess.Popen(
        command,
        cwd=directory,
        env=inherited | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=(lock,),
    ) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        last = "\n".join(output.strip().splitlines()[-15:])
        raise ImageBuildError(f"LiteLLM's environment, {step}: {command[0]} failed\n{last}")


@contextmanager
def exclusively(directory: Path, progress: Callable[[str], None]) -> Iterator[int]:
    """Hold a directory until the block ends; gives the lock's descriptor."""
    with Path(f"{directory}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("LiteLLM: waiting for another process that builds it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()
