"""A command of day two in one of its steps: killed there with all it started, or met by a fault."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from running_sandbox import eventually

from sandbox.paths import PROJECT_ROOT


def kill_at(
    command: Sequence[str],
    step: str,
    reached: Callable[[], object] = lambda: True,
    typed: str = "",
) -> str:
    """Run a command until it tells of a step and ``reached`` is true, and kill -9 it there.

    Returns what it has told. AssertionError tells that if it ended before.
    """
    with _running_at(command, step, typed) as (process, told):
        try:
            # Migrations run before the pods roll.
            eventually(lambda: process.poll() is not None or reached(), seconds=600, wanted=step)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    text = "".join(told)
    assert process.returncode == -signal.SIGKILL, f"it ended before {step}:\n{text}"
    return text


def run_with_fault_at(
    command: Sequence[str], step: str, fault: Callable[[], object]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; ``fault`` is called once it tells of a step."""
    with _running_at(command, step) as (process, told):
        fault()
        assert process.stdout
        answer = process.stdout.read()
    return subprocess.CompletedProcess(command, process.returncode, answer, "".join(told))


@contextmanager
def _running_at(
    command: Sequence[str], step: str, typed: str = ""
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Give a command that has told of a step, and its words; after the block it has ended."""
    process = subprocess.Popen(
        command,
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stderr
    process.stdin.write(typed)
    process.stdin.close()
    told = []
    for line in process.stderr:
        told.append(line)
        if line.rstrip().endswith((f"  {step}", f"… {step}")):
            break
    yield process, told
    told += process.stderr
    process.wait()
