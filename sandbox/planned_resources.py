"""Reads the engine's update plan: every resource of a stack, its inputs, what it waits for.

The plan is what ``pulumi preview --save-plan`` writes (DeploymentPlanV1 in
sdk/go/common/apitype/plan.go of Pulumi 3.259).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox.engine_marks import SIGNATURE, UNKNOWN_TEXT


class Unknown:
    """A value that only a real ``up`` brings, or a secret; nothing can be read from it."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    """One resource as the program registered it.

    ``waits_for`` are the URNs whose operations end before this one starts: what its inputs come
    from, ``depends_on``, its parent and its provider. A component waits too, and its children with
    it: the SDK registers a child when its parent's URN is known.
    """

    urn: str
    type: str
    name: str
    custom: bool
    inputs: Mapping[str, Any]
    waits_for: frozenset[str]

    @property
    def path(self) -> str:
        """The types of its parents, which tells resources with the same name apart."""
        return self.urn.split("::")[2]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every resource of a stack, in the order of registration, and its raw configuration."""

    resources: tuple[PlannedResource, ...]
    configuration: Mapping[str, str]

    def of_type(self, resource_type: str) -> tuple[PlannedResource, ...]:
        """Return the resources of one type."""
        return tuple(each for each in self.resources if each.type == resource_type)


def read_plan(file: Path) -> Plan:
    """Read a plan that the engine has written."""
    document = json.loads(file.read_text())
    goals = {
        urn: entry["goal"]
        for urn, entry in document["resourcePlans"].items()
        if entry.get("goal") is not None
    }
    return Plan(
        resources=tuple(_resource(urn, goal, goals.keys()) for urn, goal in goals.items()),
        configuration={
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in _configuration(document.get("config") or {}).items()
        },
    )


def _resource(urn: str, goal: Mapping[str, Any], known: Any) -> PlannedResource:
    provider = str(goal.get("provider") or "").rpartition("::")[0]
    waits_for: set[Any] = {
        *(goal.get("dependencies") or ()),
        *(
            each
            for wanted in (goal.get("propertyDependencies") or {}).values()
            for each in wanted or ()
        ),
        goal.get("parent"),
        provider,
    }
    inputs = (goal.get("inputDiff") or {}).get("adds") or {}
    return PlannedResource(
        urn=urn,
        type=goal["type"],
        name=goal["name"],
        custom=bool(goal.get("custom")),
        inputs={key: _plain(value) for key, value in inputs.items() if not key.startswith("__")},
        waits_for=frozenset(str(each) for each in waits_for if each in known and each != urn),
    )


def _plain(value: Any) -> Any:
    if value == UNKNOWN_TEXT:
        return UNKNOWN
    if isinstance(value, dict):
        if SIGNATURE in value:
            return UNKNOWN
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _configuration(config: Mapping[str, Any]) -> dict[str, Any]:
    """Values that are not secret: key → text or object."""
    return {
        key: value
        for key, value in config.items()
        if not (isinstance(value, dict) and set(value) == {"secure"})
    }
