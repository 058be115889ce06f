"""The loss of a region: every process of a sandbox at once, and all that they kept."""

import contextlib
import os
import signal
import time
from pathlib import Path

from sandbox import lifecycle
from sandbox.paths import Instance
from sandbox.supervisor_client import SupervisorClient

_PATIENCE_SECONDS = 20.0


def lose(instance: Instance) -> None:
    """Kill a sandbox's processes, ask none of them to end, and delete its state.

    One that is lost already stays so. Raises SandboxError if another command works on it, or a
    process outlives its own killing.
    """
    if not instance.state.exists():
        return
    with lifecycle.exclusively(instance):
        SupervisorClient(instance).kill()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while left := _working_in(instance.state):
            if time.monotonic() > deadline:
                raise lifecycle.SandboxError(
                    f"processes {left} still work in {instance.state}; end them and try again"
                )
            # A database's helpers end with it by themselves; an engine whose command was killed
            # would go on.
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        lifecycle.discard(instance)


def _working_in(directory: Path) -> list[int]:
    """Return the processes whose working directory is there, such as a database's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile, or it is another user's
            if (process / "cwd").readlink().is_relative_to(directory):
                found.append(int(process.name))
    return found
