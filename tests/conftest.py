"""What every test may rely on."""

import fcntl
import json
import signal

import pytest
from figures import FIGURES

from sandbox.paths import state_directory

_WITH_SANDBOXES = ("archiver", "end_to_end", "proxy_hooks", "sandbox")


def pytest_configure() -> None:
    """Let what the tests start be interrupted: a shell's background job ignores SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Wait until no other run has the tests' sandboxes, whose slots are fixed; then hold them."""
    folders = {item.path.relative_to(session.config.rootpath).parts[1] for item in session.items}
    if session.config.option.collectonly or folders.isdisjoint(_WITH_SANDBOXES):
        return
    state_directory().mkdir(parents=True, exist_ok=True)
    lock = (state_directory() / "tests.lock").open("w")
    session.config.add_cleanup(lock.close)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("waiting for another run of the tests on this machine")
        fcntl.flock(lock, fcntl.LOCK_EX)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was measured, as one line of JSON."""
    if figures := FIGURES.told():
        terminalreporter.section("figures")
        terminalreporter.write_line(json.dumps(figures, ensure_ascii=False))
