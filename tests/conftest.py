"""What every test may rely on."""

import fcntl
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any, TextIO

import pytest
from figures import FIGURES, Figures

from sandbox.paths import state_directory

_WITH_SANDBOXES = ("archiver", "end_to_end", "proxy_hooks", "sandbox")
_HELD = pytest.StashKey[TextIO]()


def pytest_configure() -> None:
    """Let what the tests start be interrupted: a shell's background job ignores SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests between two workers: one has all sandboxes, whose slots are fixed.

    Without workers the groups mean nothing, and the tests run one after another.
    """
    for item in items:
        group = "sandboxes" if _has_sandboxes(item) else "others"
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _has_sandboxes(item):
        _take_turns(item.config)
    elif "PYTEST_XDIST_WORKER" in os.environ:
        # What runs in sandboxes is timed, and waits; the others take what it leaves.
        os.setpriority(os.PRIO_PROCESS, 0, 19)


def _has_sandboxes(item: pytest.Item) -> bool:
    return item.path.relative_to(item.config.rootpath).parts[1] in _WITH_SANDBOXES


def _take_turns(config: pytest.Config) -> None:
    """Wait until no other run on this machine has the tests' sandboxes; then hold them."""
    if _HELD in config.stash:
        return
    state_directory().mkdir(parents=True, exist_ok=True)
    lock = config.stash[_HELD] = (state_directory() / "tests.lock").open("w")
    config.add_cleanup(lock.close)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another run of the tests on this machine", file=sys.__stderr__)
        fcntl.flock(lock, fcntl.LOCK_EX)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's figures to the process that tells them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        session.config.workeroutput["figures"] = asdict(FIGURES)  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's figures; one that crashed has none to give."""
    figures = getattr(node, "workeroutput", {}).get("figures", asdict(Figures()))
    FIGURES.by_subject |= figures["by_subject"]
    FIGURES.faults |= figures["faults"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was measured, as one line of JSON."""
    if figures := FIGURES.told():
        terminalreporter.section("figures")
        terminalreporter.write_line(json.dumps(figures, ensure_ascii=False))
