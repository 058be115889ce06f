"""The workflows as data."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.paths import PROJECT_ROOT

FOLDER = PROJECT_ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
_LOCAL = "$/.github/workflows/"


@dataclass(frozen=True)
class Job:
    """A job, and the inputs that its workflow was called with, filled in."""

    file: str
    name: str
    content: dict[str, Any]
    inputs: dict[str, str]
    events: frozenset[str]

    @property
    def title(self) -> str:
        return f"{self.file}:{self.name}:{self.inputs.get('stack', '')}"

    @property
    def steps(self) -> list[dict[str, Any]]:
        return self.content.get("steps", [])

    @property
    def permissions(self) -> dict[str, str]:
        return self.content["permissions"]

    @property
    def environment(self) -> str | None:
        return self.filled(self.content["environment"]) if "environment" in self.content else None

    @property
    def commands(self) -> list[str]:
        return [self.filled(step["run"]) for step in self.steps if "run" in step]

    def action(self, name: str) -> dict[str, Any] | None:
        return next(
            (step for step in self.steps if str(step.get("uses", "")).startswith(f"{name}@")), None
        )

    def filled(self, text: str) -> str:
        """Return a text with the inputs and the job's variables that are made of them."""
        text = re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda one: self.inputs[one[1]], text)
        for name, value in self.content.get("env", {}).items():
            if f"${name}" in text:
                text = text.replace(f'"${name}"', self.filled(value))
        return text


def load(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text())
    document["on"] = document.pop(True)  # YAML 1.1 takes the key `on` for a truth value
    return document


def jobs() -> Iterator[Job]:
    """Yield every job that runs, those of called workflows once for each call."""
    for path in FILES:
        document = load(path)
        events = document["on"]
        if "workflow_call" in events:
            continue
        for name, content in document["jobs"].items():
            called = str(content.get("uses", ""))
            if not called.startswith(_LOCAL):
                yield Job(path.name, name, content, {}, frozenset(events))
                continue
            inner = load(FOLDER / called.removeprefix(_LOCAL))
            for inner_name, inner_content in inner["jobs"].items():
                yield Job(
                    path.name,
                    f"{name}/{inner_name}",
                    inner_content,
                    content["with"],
                    frozenset(events),
                )
