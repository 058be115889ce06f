"""The second region: where copies go."""

from pydantic import Field

from infra.setting_sections.base import Section


class DisasterRecoverySettings(Section):
    region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="Second region, which gets copies of the database's backups, of the log "
        "objects, of the salt key and of supplied secrets; unset: no copies.",
    )
