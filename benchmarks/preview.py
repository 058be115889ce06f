"""How long a preview takes beside the bare engine that registers as many resources."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pulumi_random
from pulumi import automation

from benchmarks.report import Figure, progress
from sandbox import toolchain
from sandbox.engine import engine_environment
from sandbox.paths import PROJECT_ROOT
from sandbox.preview_only import preview_stack
from sandbox.providers.server import serve

_RUNS = 3


def preview_prod() -> Figure:
    """Compare a preview of prod with a loop over ``RandomId``; the target is a ratio of 2."""
    resources = 0

    def whole() -> None:
        nonlocal resources
        resources = sum(preview_stack("prod", {}, lambda _: None).counts.values())

    figures = {"whole": _median(whole, "preview of prod")}
    figures["bare"] = _median(lambda: bare_loop(resources), f"bare loop of {resources} resources")
    # What a person waits for: the same as processes of their own, which import their SDKs first.
    processes = {
        "preview": _median(
            lambda: _run("-m", "sandbox.cli", "preview", "--stack", "prod"), "preview, a process"
        ),
        "bare_loop": _median(
            lambda: _run("-c", f"from benchmarks.preview import bare_loop; bare_loop({resources})"),
            "bare loop, a process",
        ),
    }
    return Figure(
        benchmark="preview_prod",
        figure=round(figures["whole"], 2),
        unit="s",
        against=round(figures["bare"], 2),
        details={
            "resources": resources,
            "runs": _RUNS,
            "target_ratio": 2,
            "process_seconds": {name: round(taken, 2) for name, taken in processes.items()},
        },
    )


def _median(run: Callable[[], None], name: str) -> float:
    seconds = []
    for _ in range(_RUNS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
        progress(f"{name}: {seconds[-1]:.2f} s")
    return statistics.median(seconds)


def _run(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )


def bare_loop(resources: int) -> None:
    """Preview a program that registers so many resources of the smallest kind."""

    def program() -> None:
        for index in range(resources):
            pulumi_random.RandomId(f"id-{index}", byte_length=8)

    pulumi = toolchain.ensure(["pulumi"])["pulumi"]
    with tempfile.TemporaryDirectory(prefix="bare-") as directory, serve(None) as providers:
        root = Path(directory)
        link = root / "engine" / "bin" / "pulumi"
        link.parent.mkdir(parents=True)
        link.symlink_to(pulumi)
        stack = automation.create_or_select_stack(
            "bare",
            "bare",
            program=program,
            opts=automation.LocalWorkspaceOptions(
                env_vars=engine_environment(root, providers.debug_providers),
                pulumi_command=automation.PulumiCommand(root=str(root / "engine")),
            ),
        )
        stack.preview()
