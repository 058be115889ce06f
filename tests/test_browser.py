"""The browser that tests of pages use."""

import struct
import zlib

from browser import running_browser

PAGE = "<title>A page</title><body style='background: white'><p>Black on white</p></body>"


def grey_levels(png: bytes) -> set[int]:
    """Return the different bytes of a picture's pixels, as its rows hold them."""
    assert png.startswith(b"\x89PNG")
    rows, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            rows += png[at + 8 : at + 8 + length]
        at += length + 12
    return set(zlib.decompress(rows))


def test_a_page_is_opened_and_its_text_is_painted() -> None:
    with running_browser() as browser:
        page = browser.new_page()
        page.set_content(PAGE)
        assert page.title() == "A page"
        with_text = page.screenshot()
        page.evaluate("document.querySelector('p').remove()")
        without_text = page.screenshot()
    assert len(grey_levels(with_text)) > len(grey_levels(without_text))


def test_arial_is_what_debian_has_in_its_place() -> None:
    """Otherwise a picture has the fonts of the machine on which it was taken."""
    with running_browser() as browser:
        page = browser.new_page()
        width = "family => { const canvas = document.createElement('canvas').getContext('2d');"
        width += " canvas.font = `100px ${family}`; return canvas.measureText('Width').width; }"
        assert page.evaluate(width, "Arial") == page.evaluate(width, "'Liberation Sans'")
        assert page.evaluate(width, "Arial") != page.evaluate(width, "'Liberation Mono'")
