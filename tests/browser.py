"""A real browser for tests of pages: Debian's Chromium, driven by Playwright."""

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from sandbox import toolchain


@contextlib.contextmanager
def running_browser(*arguments: str) -> Iterator[Browser]:
    """Yield a browser without a window, with further arguments; it is unpacked if it is missing."""
    executable = toolchain.ensure(["chromium"])["chromium"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
