"""What every test may rely on."""

import signal


def pytest_configure() -> None:
    """Let what the tests start be interrupted: a shell's background job ignores SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
