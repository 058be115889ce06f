"""What the engine has stored of a sandbox's stack, read beside whatever run is at work on it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.engine_marks import SIGNATURE
from sandbox.stack_files import PROJECT

_STACK = "pulumi:pulumi:Stack"


def checkpoint_file(directory: Path, stack: str) -> Path:
    """Return the file that holds a stack's state, in a backend of files below ``directory``."""
    return directory / "state" / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"


def stored_outputs(directory: Path, stack: str) -> dict[str, object]:
    """Return the stack's outputs, without those that hold a secret; none before the first run.

    Asking the engine instead would take seconds, and a lock from a run that has it.
    """
    file = checkpoint_file(directory, stack)
    if not file.exists():
        return {}
    latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
    for resource in latest.get("resources") or []:
        if resource["type"] == _STACK:
            outputs: dict[str, object] = resource.get("outputs") or {}
            return {name: value for name, value in outputs.items() if not _is_secret(value)}
    return {}


def _is_secret(value: Any) -> bool:
    if isinstance(value, Mapping):
        return SIGNATURE in value or any(map(_is_secret, value.values()))
    return isinstance(value, list) and any(map(_is_secret, value))
