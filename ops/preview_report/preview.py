"""A preview as a report reads it: what would happen to each resource, and what policies say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ops.preview_report.values import Path, readable

Hide = Callable[[str], str]
Action = Literal["create", "update", "replace", "delete", "import", "same"]


@dataclass(frozen=True, kw_only=True)
class State:
    """One resource as it is, or as it would be; its properties are made readable on first use."""

    id: str
    protect: bool
    retain: bool
    _raw: Mapping[str, Any] = field(repr=False)
    _hide: Hide = field(repr=False)

    @cached_property
    def inputs(self) -> Mapping[str, Any]:
        return _properties(self._raw.get("inputs"), self._hide)

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        return _properties(self._raw.get("outputs"), self._hide)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property that changes."""

    path: Path
    old: Any
    new: Any
    replaces: bool


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens to one resource; ``old`` is None for a new one, ``new`` for a deleted one."""

    urn: str
    action: Action
    old: State | None
    new: State | None
    differences: tuple[Difference, ...]

    @property
    def type(self) -> str:
        return self.path[-1]

    @property
    def path(self) -> list[str]:
        """The types of its parents, the outermost first, and its own."""
        return self.urn.split("::")[2].split("$")

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[3]

    @property
    def label(self) -> str:
        """How people know it: the last part of its type, and its name."""
        return f"{self.type.rpartition(':')[2]} {self.name}"

    @cached_property
    def inputs_before(self) -> Mapping[str, Any]:
        return self.old.inputs if self.old else {}

    @cached_property
    def inputs_after(self) -> Mapping[str, Any]:
        return self.new.inputs if self.new else {}


@dataclass(frozen=True, kw_only=True)
class PolicyNote:
    """What a policy says of a resource, or of the stack where ``resource`` is empty."""

    policy: str
    mandatory: bool
    message: str
    resource: str = ""


@dataclass(kw_only=True)
class Preview:
    """What the engine would do. ``policies`` is None where the form does not tell them."""

    steps: tuple[Step, ...] = ()
    policies: tuple[PolicyNote, ...] | None = None
    packs: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failed: bool = False
    seconds: float = 0

    @property
    def changed(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action != "same")

    @property
    def forbidden(self) -> bool:
        """Whether a mandatory policy is violated, so that the update would be refused."""
        return any(note.mandatory for note in self.policies or ())


def _properties(properties: Mapping[str, Any] | None, hide: Hide) -> Mapping[str, Any]:
    return {
        key: readable(value, hide, key)
        for key, value in (properties or {}).items()
        if not key.startswith("__")
    }
