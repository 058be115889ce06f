"""A real browser for tests of pages: Debian's Chromium, driven by Playwright."""

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from sandbox import toolchain


@contextlib.contextmanager
def running_browser() -> Iterator[Browser]:
    """Yield a browser that shows nothing and is closed afterwards; unpack it if it is missing."""
    executable = toolchain.ensure(["chromium"])["chromium"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable)
        try:
            yield browser
        finally:
            browser.close()
