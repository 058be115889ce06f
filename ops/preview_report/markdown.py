"""Small parts of Markdown as GitHub reads it; nothing from outside can leave its place."""

import re
from collections.abc import Iterable, Sequence

_LONGEST_VALUE = 160


def code(text: str, longest: int = _LONGEST_VALUE) -> str:
    """Return a text as a code span on one line, in which nobody is mentioned or linked."""
    line = " ".join(text.split())
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    padding = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def prose(text: str) -> str:
    """Return a sentence in which only code spans are Markdown: no mention, link, HTML or image."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    text = re.sub(r"([\\`*_\[\]|~])", r"\\\1", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A mention and a reference to an issue need the sign before a word.
    text = re.sub(r"@(?=\w)", "@\u200b", text)
    return re.sub(r"#(?=\d)", "#\u200b", text)


def block(lines: Sequence[str], language: str = "") -> str:
    """Return lines as a code block, longer fenced than any fence in them."""
    runs = (len(run) for line in lines for run in re.findall(r"`{3,}", line))
    fence = "`" * max(3, 1 + max(runs, default=0))
    return "\n".join([f"{fence}{language}", *lines, fence])


def bullets(items: Iterable[str], indent: int = 0) -> str:
    """Return a list."""
    return "\n".join(f"{' ' * indent}- {item}" for item in items)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; all columns but the first hold numbers."""
    marks = ["---", *["---:"] * (len(header) - 1)]
    lines = [header, marks, *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def details(summary: str, body: str) -> str:
    """Return a part that is closed until somebody opens it; ``summary`` is plain text."""
    return f"<details><summary>{_html(summary)}</summary>\n\n{body}\n\n</details>"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
