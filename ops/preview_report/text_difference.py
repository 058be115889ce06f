"""The difference of two texts, as a diff with few lines around each change."""

import difflib
import json

_AROUND = 2


def difference(before: str, after: str) -> tuple[str, ...]:
    """Return the lines of a unified diff, without its header; none if nothing differs."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_AROUND)
    return tuple(lines)[2:]


def document_difference(before: str, after: str) -> tuple[str, ...]:
    """Return the difference of two texts, of JSON by its lines when written out."""
    return difference(_spread(before), _spread(after))


def _spread(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except json.JSONDecodeError:
        return text
