"""The comment as a whole, within what GitHub takes."""

import re
from collections.abc import Callable

from ops.preview_report.report import Report
from ops.preview_report.sections import Section, marker, sections

# GitHub answers 422 to more: "Body is too long (maximum is 65536 characters)",
# github.com/telia-oss/github-pr-resource/issues/259.
LIMIT = 65_536
# For the sentence that tells what was cut.
_SPARE = 600


def comment(report: Report, hide: Callable[[str], str], limit: int = LIMIT) -> str:
    """Return the comment; where it would be too long, parts are left out and named.

    What is still too long is cut off, and the comment says how much is missing. Secrets that came
    along by any way are hidden in the finished text.
    """
    found = sections(report)
    chosen = [0] * len(found)
    # The diff of the configuration is the first to go, what is dangerous the last.
    while _length(found, chosen) > limit - _SPARE:
        index = _longest_that_can_shrink(found, chosen)
        if index is None:
            break
        chosen[index] += 1
    cut = [one.cut for one, form in zip(found, chosen, strict=True) if form]
    parts = [one.forms[form] for one, form in zip(found, chosen, strict=True)]
    if cut:
        parts.append(
            f"_Left out, since a comment holds {limit:,} characters: {', '.join(cut)}. "
            "`ops preview-report --json` has all of it._"
        )
    text = hide("\n\n".join([marker(report.stack), *parts])) + "\n"
    return text if len(text) <= limit else _cut_off(text, limit)


def _length(found: list[Section], chosen: list[int]) -> int:
    return sum(len(one.forms[form]) + 2 for one, form in zip(found, chosen, strict=True))


def _longest_that_can_shrink(found: list[Section], chosen: list[int]) -> int | None:
    """The longest section that has a shorter form; dangers only when nothing else has."""
    able = [index for index, one in enumerate(found) if chosen[index] + 1 < len(one.forms)]
    others = [index for index in able if found[index].cut != "some dangers"]
    return max(
        others or able, key=lambda index: len(found[index].forms[chosen[index]]), default=None
    )


def _cut_off(text: str, limit: int) -> str:
    """The first lines of a text, what they leave open closed, and how much is missing."""
    kept = text[: limit - _SPARE].rpartition("\n")[0]
    missing = len(text) - len(kept)
    ends = [kept, *_open_fence(kept), *["</details>"] * _open_details(kept)]
    told = (
        f"_Cut off: a comment holds {limit:,} characters, and {missing:,} more are missing here._"
    )
    return "\n".join([*ends, "", told, ""])


def _open_fence(text: str) -> list[str]:
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif found := re.match(r" *`{3,}", line):
            fence = found[0]
    return [fence] if fence else []


def _open_details(text: str) -> int:
    return text.count("<details>") - text.count("</details>")
