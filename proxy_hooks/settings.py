"""Settings of the callbacks, as a file beside the proxy's configuration. Needs no library."""

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

# Where the file is.
VARIABLE = "PROXY_HOOKS_SETTINGS"
OUTCOMES = ("success", "failure")


@dataclass(frozen=True, kw_only=True)
class SinkSettings:
    """What one place of records gets."""

    content: bool = False
    """Prompts and answers, beside the metadata."""
    outcomes: tuple[str, ...] = OUTCOMES


@dataclass(frozen=True, kw_only=True)
class HookSettings:
    """Everything that the callbacks are told."""

    session_keys: tuple[str, ...] = ()
    error_texts: bool = False
    """Texts of errors, which may repeat what was sent, also where content does not go."""
    masked: tuple[str, ...] = ()
    """Kinds of personal data that are masked in content: ``personal_data.KINDS``."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """Name → regular expression of what else is masked."""
    sinks: Mapping[str, SinkSettings] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "HookSettings":
        given = json.loads(text)
        return cls(
            session_keys=tuple(given["session_keys"]),
            error_texts=given["error_texts"],
            masked=tuple(given["masked"]),
            patterns=given["patterns"],
            sinks={
                name: SinkSettings(content=sink["content"], outcomes=tuple(sink["outcomes"]))
                for name, sink in given["sinks"].items()
            },
        )


@functools.cache
def load() -> HookSettings:
    """Return the settings; raise if there are none, so that a proxy without them does not start."""
    return HookSettings.from_json(Path(os.environ[VARIABLE]).read_text(encoding="utf-8"))
