"""Where the data of the serving database comes from, if it is not to begin empty."""

import re
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from infra.setting_sections.base import Section

LATEST = "latest"

# Both as in docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html and
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.ARN.html; names of AWS's own
# snapshots begin with a word and a colon.
_IDENTIFIER = re.compile(r"[a-z](-?[a-z0-9]){0,62}")
_BACKUPS_ARN = re.compile(r"arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:auto-backup:[A-Za-z0-9-]+")
_SNAPSHOT = re.compile(
    r"(arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:snapshot:)?([a-z]+:)?[A-Za-z](-?[A-Za-z0-9]){0,254}"
)


class PointInTimeSettings(Section):
    source: str = Field(
        description="Database to restore: the identifier of one in the stack's region, or the ARN "
        "of automated backups there, such as the copies of a region that was lost.",
    )
    time: str = Field(
        default=LATEST,
        description="`latest`, or a moment with its zone such as `2026-03-01T14:05:00Z`.",
    )

    @field_validator("source")
    @classmethod
    def _names_backups(cls, value: str) -> str:
        if not (_IDENTIFIER.fullmatch(value) or _BACKUPS_ARN.fullmatch(value)):
            raise ValueError(
                "is neither the identifier of a database nor the ARN of automated backups "
                "(arn:aws:rds:REGION:ACCOUNT:auto-backup:ab-…), which `aws rds "
                "describe-db-instance-automated-backups` tells"
            )
        return value

    @field_validator("time")
    @classmethod
    def _is_a_moment(cls, value: str) -> str:
        if value == LATEST:
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(
                f"is neither {LATEST} nor a moment such as 2026-03-01T14:05:00Z"
            ) from None
        if moment.tzinfo is None:
            raise ValueError(f"has no zone; end it with Z for UTC or an offset: {value}Z")
        # "any second during your retention period": aws.amazon.com/rds/faqs.
        if moment.microsecond:
            raise ValueError("has a fraction of a second; RDS restores to whole seconds")
        if moment > datetime.now(UTC):
            raise ValueError("lies in the future; name a moment that backups can have")
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")

    @property
    def source_is_a_copy(self) -> bool:
        """Whether the source is automated backups, whose database may be gone."""
        return self.source.startswith("arn:")


class RestoreSettings(Section):
    snapshot: str | None = Field(
        default=None,
        description="Snapshot, by identifier or ARN, from which the serving generation is created. "
        "It says where a generation came from: changing or clearing it later replaces nothing.",
    )
    point_in_time: PointInTimeSettings | None = Field(
        default=None,
        description="In place of a snapshot, the state of a database at a moment.",
    )
    from_region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="Region that was lost or left: this stack takes over what "
        "`secrets.adoptFrom` left, in the region that its copies went to.",
    )

    @field_validator("snapshot")
    @classmethod
    def _names_a_snapshot(cls, value: str | None) -> str | None:
        if value is not None and not _SNAPSHOT.fullmatch(value):
            raise ValueError(
                "is neither the identifier nor the ARN of a database snapshot "
                "(arn:aws:rds:REGION:ACCOUNT:snapshot:NAME), which `aws rds describe-db-snapshots` "
                "tells"
            )
        return value

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.snapshot and self.point_in_time:
            raise ValueError(
                "snapshot and pointInTime are both given; a database comes from one of them"
            )
        if self.from_region and not self.origin:
            raise ValueError(
                f"fromRegion {self.from_region} says where the data was, not what to restore; "
                "give snapshot or pointInTime as well, or the database would begin empty"
            )
        return self

    @property
    def origin(self) -> Literal["snapshot", "pointInTime"] | None:
        """The key that says where the data comes from; None for a database that begins empty."""
        if self.snapshot:
            return "snapshot"
        return "pointInTime" if self.point_in_time else None
