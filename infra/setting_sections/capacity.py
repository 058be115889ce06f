"""What the capacity rules may let pass."""

from pydantic import Field

from infra.setting_sections.base import Section


class CapacitySettings(Section):
    waive_memory_floor: str | None = Field(
        default=None,
        min_length=10,
        description="Reason for which pods may have less memory than LiteLLM documents; unset: "
        "they may not.",
    )
