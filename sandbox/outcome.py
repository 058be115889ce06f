"""What an operation of the engine did, or would do, and what policies say of it."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Change:
    """One resource that an operation changes: what is done to it and which properties differ."""

    operation: str
    urn: str
    properties: tuple[str, ...] = ()

    @property
    def resource_type(self) -> str:
        return self.urn.split("::")[2].split("$")[-1]

    @property
    def name(self) -> str:
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Violation:
    """What a policy says of a resource, or of the stack where ``urn`` is empty."""

    policy: str
    mandatory: bool
    message: str
    urn: str = ""


@dataclass
class Outcome:
    """What an operation did, or would do."""

    changes: list[Change] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, object] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.changes)

    @property
    def forbidden(self) -> bool:
        """Whether a mandatory policy is violated, so that an update would be refused."""
        return any(violation.mandatory for violation in self.violations)

    def as_dictionary(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {
            "counts": self.counts,
            "changes": [
                {
                    "operation": change.operation,
                    "type": change.resource_type,
                    "name": change.name,
                    "urn": change.urn,
                    "properties": change.properties,
                }
                for change in self.changes
            ],
            "violations": [asdict(violation) for violation in self.violations],
        }
