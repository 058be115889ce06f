"""How long a sandbox takes to come up: warm, unchanged, and on a machine that has nothing."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

import httpx

from benchmarks.report import Figure, progress
from sandbox.paths import PROJECT_ROOT

_IDENTITY = ("--name", "benchmark", "--slot", "120")
_WARM_TARGET, _UNCHANGED_TARGET = 90.0, 15.0


def up_warm() -> Figure:
    """Time from nothing to the first answered completion, with every tool already built."""
    _sandbox("down")
    try:
        started = time.perf_counter()
        _sandbox("up")
        up_seconds = time.perf_counter() - started
        _complete()
        seconds = time.perf_counter() - started
    finally:
        _sandbox("down")
    return Figure(
        benchmark="up_warm",
        figure=round(seconds, 1),
        unit="s",
        against=_WARM_TARGET,
        details={"up_seconds": round(up_seconds, 1), "processors": os.cpu_count()},
    )


def up_unchanged() -> Figure:
    """Time of an ``up`` that has nothing to do."""
    _sandbox("down")
    try:
        _sandbox("up")
        started = time.perf_counter()
        counts = json.loads(_sandbox("up", "--json"))["counts"]
        seconds = time.perf_counter() - started
    finally:
        _sandbox("down")
    return Figure(
        benchmark="up_unchanged",
        figure=round(seconds, 1),
        unit="s",
        against=_UNCHANGED_TARGET,
        details={"steps": counts, "processors": os.cpu_count()},
    )


def up_cold() -> Figure:
    """Time of building and installing every tool into empty caches, and where it goes."""
    with tempfile.TemporaryDirectory(prefix="cold-") as directory:
        empty = {"SANDBOX_CACHE": f"{directory}/cache", "GOCACHE": f"{directory}/go-build"}
        started = time.perf_counter()
        said = _install(empty)
        seconds = time.perf_counter() - started
    built = dict(re.findall(r"(\S+): built in (\d+) s", said))
    return Figure(
        benchmark="up_cold",
        figure=round(seconds, 1),
        unit="s",
        against=0,
        details={
            "seconds_by_build": {name: int(taken) for name, taken in built.items()},
            "processors": os.cpu_count(),
        },
    )


def _install(environment: Mapping[str, str]) -> str:
    """Run ``sandbox install``, let its progress be seen, and return it."""
    progress("sandbox install")
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.cli", "install"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in process.stderr or ():
        progress(line.rstrip())
        lines.append(line)
    if status := process.wait():
        raise subprocess.CalledProcessError(status, process.args)
    return "".join(lines)


def _sandbox(*arguments: str) -> str:
    progress(f"sandbox {' '.join(arguments)}")
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.cli", *_IDENTITY, *arguments],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _complete() -> None:
    url = json.loads(_sandbox("status", "--json"))["gateway_url"]
    answer = httpx.post(
        f"{url}/v1/chat/completions",
        headers={"Authorization": f"Bearer {_sandbox('master-key').strip()}"},
        json={"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "hello"}]},
        timeout=60,
    )
    answer.raise_for_status()
