"""The part of kubectl's JSONPath that ``pulumi.com/waitFor`` and people use: one value by its path.

Names (``.status.phase``, ``['a.b']``, ``.metadata.labels.a\\.b``), indices, ``[*]`` and the filter
``[?(@.type=="Ready")]``.
"""

import re
from typing import Any

_STEP = re.compile(
    r"""\.(?P<name>(?:[^.\[\\]|\\.)+)
      | \[['"](?P<quoted>[^'"]+)['"]\]
      | \[(?P<index>-?\d+|\*)\]
      | \[\?\(@(?P<path>(?:\.[\w-]+)+)\s*==\s*(?P<quote>['"]?)(?P<value>[^'")]*)(?P=quote)\)\]""",
    re.VERBOSE,
)


class JsonPathError(ValueError):
    """A path cannot be understood."""


def find(path: str, document: Any) -> list[Any]:
    """Return the values at a path; raises :class:`JsonPathError`."""
    text = path.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    text = text.removeprefix("$")
    if not text.startswith((".", "[")):
        text = f".{text}"
    values, position = [document], 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise JsonPathError(f"the JSONPath {path!r} is not understood at {text[position:]!r}")
        values = [found for value in values for found in _follow(step, value)]
        position = step.end()
    return values


def _follow(step: re.Match[str], value: Any) -> list[Any]:
    if name := step["name"] or step["quoted"]:
        key = name.replace("\\.", ".") if step["name"] else name
        return [value[key]] if isinstance(value, dict) and key in value else []
    if step["index"] == "*":
        return list(value.values() if isinstance(value, dict) else value or [])
    if not isinstance(value, list):
        return []
    if step["index"]:
        index = int(step["index"])
        return [value[index]] if -len(value) <= index < len(value) else []
    return [
        item for item in value if [_text(v) for v in find(step["path"], item)] == [step["value"]]
    ]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
