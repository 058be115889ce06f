"""Lines that a subject adds to the sections of LiteLLM's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Additions:
    """Keys of two sections with their values, all of which are to be written."""

    litellm_settings: Mapping[str, object] = field(default_factory=dict)
    general_settings: Mapping[str, object] = field(default_factory=dict)


def given(**values: object) -> dict[str, object]:
    """Return the values that are set: neither None nor empty."""
    return {name: value for name, value in values.items() if value not in (None, (), [], {})}
