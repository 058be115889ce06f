"""Which JSON lines a CloudWatch filter pattern matches, by its documented syntax.

docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax-for-Metric-Filters.html,
of which it knows what the program uses: equality with wildcards, NOT EXISTS, && and ||.
"""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<mark>\(|\)|&&|\|\|)|(?P<field>\$[\w.\[\]]+)\s*"
    r'(?:(?P<operator>!?=)\s*"(?P<value>[^"]*)"|(?P<missing>NOT EXISTS)))'
)

Condition = Callable[[Any], bool]


def matches(pattern: str, line: str) -> bool:
    """Whether a line is counted; a line that is no JSON never is."""
    try:
        event = json.loads(line)
    except ValueError:
        return False
    return compiled(pattern)(event)


def compiled(pattern: str) -> Condition:
    """Return the condition of a pattern; ValueError for one that is not well formed."""
    if not pattern.startswith("{") or not pattern.endswith("}"):
        raise ValueError("a pattern of JSON lines stands in braces")
    text = pattern[1:-1].strip()
    tokens, position = [], 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if not found:
            raise ValueError(f"not understood: {text[position:]}")
        tokens.append(found)
        position = found.end()
    condition, rest = _either(tokens)
    if rest:
        raise ValueError(f"left over: {rest[0][0]}")
    return condition


def _either(tokens: list[re.Match[str]]) -> tuple[Condition, list[re.Match[str]]]:
    return _joined(tokens, "||", _both, any)


def _both(tokens: list[re.Match[str]]) -> tuple[Condition, list[re.Match[str]]]:
    return _joined(tokens, "&&", _single, all)


def _joined(
    tokens: list[re.Match[str]], mark: str, part: Any, how: Any
) -> tuple[Condition, list[re.Match[str]]]:
    first, tokens = part(tokens)
    parts = [first]
    while tokens and tokens[0]["mark"] == mark:
        another, tokens = part(tokens[1:])
        parts.append(another)
    return (lambda event: how(one(event) for one in parts)), tokens


def _single(tokens: list[re.Match[str]]) -> tuple[Condition, list[re.Match[str]]]:
    token, *rest = tokens
    if token["mark"] == "(":
        condition, rest = _either(rest)
        if not rest or rest[0]["mark"] != ")":
            raise ValueError("a parenthesis is not closed")
        return condition, rest[1:]
    if token["mark"]:
        raise ValueError(f"{token['mark']} joins nothing")
    return _comparison(token), rest


def _comparison(token: re.Match[str]) -> Condition:
    path = re.findall(r"\w+", token["field"])

    def holds(event: Any) -> bool:
        found = _at(event, path)
        if token["missing"]:
            return found is None
        if found is None:
            return False
        # A star is a wildcard at the ends; brackets and question marks are themselves.
        wanted = re.sub(r"([\[?])", r"[\1]", token["value"])
        return fnmatchcase(str(found), wanted) == (token["operator"] == "=")

    return holds


def _at(event: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(event, list) and step.isdecimal():
            event = event[int(step)] if int(step) < len(event) else None
        elif isinstance(event, dict):
            event = event.get(step)
        else:
            return None
    return event
