"""The second region: where copies go."""

from pydantic import Field

from infra.setting_sections.base import Section

# Both are what copied backups of RDS allow: data of "5-30 minutes" can be lost, and restoring it
# "can take up to a few hours"; a first `pulumi up` of prod takes 18 minutes beside that.
# AWS Prescriptive Guidance, "Amazon RDS PITR snapshot replication": docs.aws.amazon.com/
# prescriptive-guidance/latest/dr-standard-edition-amazon-rds/rds-pitr-snapshot.html
RPO_MINUTES = 30
RTO_MINUTES = 240


class DisasterRecoverySettings(Section):
    region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="Second region, which gets copies of the database's backups, of the log "
        "objects, of the salt key and of supplied secrets; unset: no copies.",
    )
    rto_minutes: int = Field(
        default=RTO_MINUTES,
        ge=1,
        le=10_080,
        description="Target: how long after the loss of the region the gateway may answer again.",
    )
    rpo_minutes: int = Field(
        default=RPO_MINUTES,
        ge=1,
        le=10_080,
        description="Target: of how many minutes before the loss data may be gone.",
    )
