"""What a drift check found, as a page of an issue. Pure."""

import json
from dataclasses import dataclass
from typing import Any

# What the preview role must not read: the values of secrets. docs/decisions/identity.md
EXCLUDED = ("**:SecretVersion::**", "**:Release::**")


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Resources whose real state is not what the stack's state says."""

    stack: str
    changes: list[dict[str, Any]]

    @classmethod
    def read(cls, text: str) -> "Drift":
        """Read what ``ops pipeline drift`` wrote; raise ValueError for anything else."""
        try:
            document = json.loads(text)
            return cls(stack=document["stack"], changes=list(document["changes"]))
        except (TypeError, KeyError, json.JSONDecodeError) as error:
            raise ValueError(f"no report of `ops pipeline drift` ({error})") from error

    def as_text(self) -> str:
        return json.dumps({"stack": self.stack, "changes": self.changes}, indent=2)

    @property
    def title(self) -> str:
        return f"Stack {self.stack} has drifted"

    @property
    def marker(self) -> str:
        """What an issue of this stack's drift is known by, whatever its title became."""
        return f"<!-- ops pipeline issue: {self.stack} -->"

    def as_markdown(self) -> str:
        """Return the issue's text. Names and properties only: no value of a resource is in it."""
        lines = [
            self.marker,
            f"What is in AWS is not what the state of `{self.stack}` says:",
            "",
            "| Resource | Type | Found | Properties |",
            "|---|---|---|---|",
        ]
        for change in self.changes:
            found = "gone" if change["operation"] == "delete" else "changed"
            properties = ", ".join(f"`{name}`" for name in change["properties"]) or "-"
            lines.append(f"| `{change['name']}` | `{change['type']}` | {found} | {properties} |")
        return "\n".join(
            [
                *lines,
                "",
                "Either somebody changed it by hand, and the next `pulumi up` undoes that, or the "
                "change is wanted and belongs in the settings. Values of secrets and the Helm "
                "releases were not compared.",
                "",
            ]
        )
