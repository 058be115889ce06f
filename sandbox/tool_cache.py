"""The folders of tools that were built or unpacked, and the commands that fill them."""

import contextlib
import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from sandbox.paths import cache_directory

Progress = Callable[[str, str], None]
"""Is told the name of a tool and what happens to it."""


class ToolchainError(Exception):
    """A tool cannot be had; the message names the way out."""


def tools_directory() -> Path:
    """Return the folder of all tools, made so that every user can run what is in it."""
    directory = cache_directory() / "tools"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextlib.contextmanager
def locked(name: str, progress: Progress) -> Iterator[None]:
    """Let one process at a time fill a folder; another one waits here."""
    descriptor = os.open(tools_directory() / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(name, "waits for another run that prepares it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def workspace(name: str) -> Iterator[Path]:
    """Yield an empty folder that is gone afterwards; hold the lock of that name meanwhile."""
    directory = tools_directory() / f".{name}.work"
    remove(directory)  # what a killed run left
    directory.mkdir()
    try:
        yield directory
    finally:
        remove(directory)


def remove(directory: Path) -> None:
    if directory.exists():
        shutil.rmtree(directory)


def require_space(needed: Mapping[Path, int], purpose: str) -> None:
    """Raise ToolchainError unless the disks have room; folders on one disk add up."""
    disks: dict[int, tuple[Path, int]] = {}
    for directory, size in needed.items():
        existing = next(each for each in (directory, *directory.parents) if each.exists())
        device = existing.stat().st_dev
        first, sum_so_far = disks.get(device, (existing, 0))
        disks[device] = (first, sum_so_far + size)
    for directory, size in disks.values():
        free = shutil.disk_usage(directory).free
        if free < size:
            raise ToolchainError(
                f"{purpose} needs about {size / 1e9:.1f} GB on the disk of {directory}, which has"
                f" {free / 1e9:.1f} GB free. Free some, or choose another disk: SANDBOX_CACHE"
                " places the tools, GOCACHE and GOMODCACHE what Go keeps."
            )


def run(
    command: Sequence[str | Path],
    *,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_error_line: Callable[[str], None] | None = None,
) -> str:
    """Return what a command prints; it is ended with us when we are interrupted.

    Every line of its standard error goes to ``on_error_line``; the last ones are in the
    ToolchainError that a failure raises.
    """
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        try:
            output, errors = _read(process, on_error_line)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        words = "\n".join(errors[-15:]) or output[-2000:]
        shown = " ".join(str(part) for part in command[:3])
        raise ToolchainError(f"{shown} … failed with status {process.returncode}:\n{words}")
    return output


def _read(
    process: "subprocess.Popen[str]", on_error_line: Callable[[str], None] | None
) -> tuple[str, list[str]]:
    assert process.stdout and process.stderr  # noqa: S101 - both are pipes
    if on_error_line is None:
        output, errors = process.communicate()
        return output, errors.splitlines()
    lines = []
    for line in process.stderr:
        lines.append(line.rstrip())
        on_error_line(lines[-1])
    return process.stdout.read(), lines
