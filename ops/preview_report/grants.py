"""What policy documents of IAM allow, and whether one document allows more than another.

A grant is one action on one resource for one principal under one set of conditions. A grant is
covered by another when its patterns are no wider and its conditions no weaker; patterns are
compared as AWS matches them, with `*` and `?`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Conditions = frozenset[tuple[str, str, frozenset[str]]]

_EVERY = "*"
# What the catalogue of models allows stands in the report by itself.
_MODEL_ACTIONS = "bedrock:"


@dataclass(frozen=True)
class Grant:
    """One action on one resource; ``inverse`` names fields that list what is excepted."""

    effect: str
    action: str
    resource: str
    principal: str
    conditions: Conditions
    inverse: frozenset[str] = frozenset()

    def __str__(self) -> str:
        text = f"{self.action} on {self.resource}"
        return text if self.principal == "" else f"{text} for {self.principal}"

    @property
    def boundless(self) -> bool:
        """Whether it is for every action, or for everybody without a condition.

        All but a few are as good as every one.
        """
        everybody = self.principal == _EVERY or "Principal" in self.inverse
        every_action = self.action in (_EVERY, "*:*") or "Action" in self.inverse
        return every_action or (everybody and not self.conditions)


def grants(document: str) -> frozenset[Grant]:
    """Return everything a document allows and denies; raise ValueError if it is none."""
    parsed = json.loads(document)
    if not isinstance(parsed, dict):
        raise ValueError("a policy document is an object")
    return frozenset(
        grant for statement in _list(parsed.get("Statement")) for grant in _of(statement)
    )


def _of(statement: Mapping[str, Any]) -> Iterator[Grant]:
    fields: dict[str, list[str]] = {}
    inverse = set()
    for name in ("Action", "Resource", "Principal"):
        value = statement.get(name)
        if value is None and f"Not{name}" in statement:
            inverse.add(name)
            value = statement[f"Not{name}"]
        fields[name] = _texts(value) or [""]
    for action in fields["Action"]:
        for resource in fields["Resource"]:
            for principal in fields["Principal"]:
                yield Grant(
                    effect=str(statement.get("Effect")),
                    action=action.lower(),
                    resource=resource,
                    principal=principal,
                    conditions=_conditions(statement.get("Condition") or {}),
                    inverse=frozenset(inverse),
                )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _texts(value: Any) -> list[str]:
    """A principal by its kind is ``AWS:arn``; everybody is ``*`` in each way to write it."""
    if isinstance(value, Mapping):
        pairs = [(kind, one) for kind, several in value.items() for one in _list(several)]
        return [
            _EVERY if one == _EVERY and kind == "AWS" else f"{kind}:{one}" for kind, one in pairs
        ]
    return [str(one) for one in _list(value)]


def _conditions(value: Mapping[str, Any]) -> Conditions:
    return frozenset(
        (operator, key, frozenset(str(one) for one in _list(values)))
        for operator, pairs in value.items()
        for key, values in pairs.items()
    )


def added(before: Iterable[Grant], after: Iterable[Grant]) -> list[Grant]:
    """Return what is allowed after and was not before, and denials that are gone."""
    before, after = list(before), list(after)
    allowed = [one for one in before if one.effect == "Allow"]
    denied = [one for one in after if one.effect == "Deny"]
    found = [
        grant
        for grant in after
        if grant.effect == "Allow" and not any(_covers(known, grant) for known in allowed)
    ]
    found += [
        grant
        for grant in before
        if grant.effect == "Deny" and not any(_covers(known, grant) for known in denied)
    ]
    return sorted(found, key=str)


def _covers(wide: Grant, narrow: Grant) -> bool:
    if wide.inverse or narrow.inverse:
        return wide == narrow
    return (
        _matches(wide.action, narrow.action)
        and _matches(wide.resource, narrow.resource)
        and (wide.principal == narrow.principal or _matches(wide.principal, narrow.principal))
        # Fewer conditions allow more, and deny more.
        and all(
            any(_as_strict(one, limit) for one in narrow.conditions) for limit in wide.conditions
        )
    )


def _as_strict(
    condition: tuple[str, str, frozenset[str]], limit: tuple[str, str, frozenset[str]]
) -> bool:
    """Whether a condition lets no more through; of a negative one, more values let less through."""
    if condition[:2] != limit[:2]:
        return False
    if "Not" in condition[0]:
        return condition[2] >= limit[2]
    return condition[2] <= limit[2]


def _matches(pattern: str, text: str) -> bool:
    if pattern == text:
        return True
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    # A wildcard of the text is matched by a wildcard of the pattern only.
    return re.fullmatch(expression, text, re.DOTALL) is not None


def more_of_the_same(grant: Grant, before: Iterable[Grant], own: frozenset[str]) -> bool:
    """Whether a grant only reaches one more model, or resource of the stack itself, as others do.

    The action was allowed already on a resource of the same kind, and nothing about the new one is
    wider: no wildcard that the other has not.
    """
    if grant.effect != "Allow" or grant.inverse:
        return False
    if not grant.action.startswith(_MODEL_ACTIONS) and grant.resource not in own:
        return False
    return any(
        known.effect == "Allow"
        and known.action == grant.action
        and known.principal == grant.principal
        and _kind(known.resource) == _kind(grant.resource)
        and {one[:2] for one in known.conditions} == {one[:2] for one in grant.conditions}
        for known in before
    )


def _kind(resource: str) -> tuple[str, ...]:
    """An ARN without its last name, and which wildcards that name has."""
    *fields, last = resource.split(":", 5) if resource.startswith("arn:") else [resource]
    kind, separator, name = last.partition("/")
    if not separator:
        kind, name = "", last
    return (*fields, kind, *re.findall(r"[*?]", name))
