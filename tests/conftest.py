"""What every test may rely on."""

import contextlib
import fcntl
import functools
import json
import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import pytest
from figures import FIGURES
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from sandbox.paths import state_directory

# Folders with sandboxes or parts of one, whose slots are fixed.
_TIMED = ("end_to_end", "sandbox")
_WITH_PROCESSES = ("archiver", "gateway", "proxy_hooks")
_HELD = pytest.StashKey[TextIO]()


def pytest_configure() -> None:
    """Let what the tests start be interrupted: a shell's background job ignores SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run first what leaves the least of the processors, while the other worker is not timed yet.

    Processes in sessions of their own do not step back.
    """
    items.sort(key=lambda item: not _is_in(_WITH_PROCESSES, item.nodeid))


class _TwoWorkers(LoadScopeScheduling):
    """Gives one worker the tests whose sandboxes are timed, and another all others."""

    def _split_scope(self, nodeid: str) -> str:
        return "timed" if _is_in(_TIMED, nodeid) else "others"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _TwoWorkers:
    # pytest-xdist's own groups do nothing with pytest 9.2: pytest-dev/pytest-xdist issue 1386.
    _take_turns(config)
    return _TwoWorkers(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        if _is_in(_TIMED + _WITH_PROCESSES, item.nodeid):
            _take_turns(item.config)
    elif not _is_in(_TIMED, item.nodeid):
        _step_back()


@functools.cache
def _step_back() -> None:
    """Let this process and its children take what others leave of the processors."""
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    # Linux weighs sessions first, each by a priority of its own, where it is told to.
    group = Path("/proc/self/autogroup")
    if group.exists():
        with contextlib.suppress(OSError):  # it may be read-only, as in a container
            os.setsid()
            group.write_text("19")


def _is_in(folders: tuple[str, ...], nodeid: str) -> bool:
    return nodeid.split("/")[1] in folders


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
        print("waiting for another run of the tests on this machine")
        fcntl.flock(lock, fcntl.LOCK_EX)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's figures to the process that tells them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        session.config.workeroutput["figures"] = asdict(FIGURES)  # type: ignore[attr-defined]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's figures; one that crashed has none to give."""
    if told := getattr(node, "workeroutput", None):
        FIGURES.by_subject |= told["figures"]["by_subject"]
        FIGURES.faults |= told["figures"]["faults"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was measured, as one line of JSON."""
    if figures := FIGURES.told():
        terminalreporter.section("figures")
        terminalreporter.write_line(json.dumps(figures, ensure_ascii=False))
