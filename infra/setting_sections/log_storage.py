"""The bucket of request logs."""

from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Section

# Days that an object is billed for in each tier at least:
# docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
_MINIMUM_STAY = {"infrequentAccessDays": 30, "glacierDays": 90}
_LEFT_OUT = "null leaves the tier out."


class LogStorageSettings(Section):
    infrequent_access_days: int | None = Field(
        default=30, ge=30, description=f"Days to Standard-IA; {_LEFT_OUT}"
    )
    glacier_days: int | None = Field(
        default=90, ge=60, description=f"Days to Glacier Instant Retrieval; {_LEFT_OUT}"
    )
    deep_archive_days: int | None = Field(
        default=365, ge=180, description=f"Days to Deep Archive; {_LEFT_OUT}"
    )
    retention_days: int = Field(default=730, ge=1, description="Days until a log object expires.")
    expire_noncurrent_days: int = Field(
        default=30, ge=1, description="Days until an overwritten or deleted version expires."
    )
    object_lock_days: int | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="Days in which nobody, the account's root included, can delete or overwrite "
        "a log object (S3 Object Lock, compliance mode). Decided when the bucket is made. "
        "Unset: off.",
    )

    @property
    def transitions(self) -> dict[str, int]:
        """Days of each tier in use, by its key, in the order of the tiers."""
        tiers = {
            "infrequentAccessDays": self.infrequent_access_days,
            "glacierDays": self.glacier_days,
            "deepArchiveDays": self.deep_archive_days,
        }
        return {key: days for key, days in tiers.items() if days is not None}

    @model_validator(mode="after")
    def _tiers_in_order(self) -> Self:
        for (earlier, start), (later, days) in pairwise(self.transitions.items()):
            stay = _MINIMUM_STAY[earlier]
            if days < start + stay:
                raise ValueError(
                    f"{later} {days} must be at least {earlier} {start} + {stay}, the minimum stay "
                    "in that tier"
                )
        return self

    @model_validator(mode="after")
    def _retention_covers_tiers_and_lock(self) -> Self:
        for key, days in self.transitions.items():
            if self.retention_days <= days:
                raise ValueError(
                    f"retentionDays {self.retention_days} is not above {key} {days}: objects would "
                    f"expire before they get there; raise retentionDays or set {key} to null"
                )
        if self.object_lock_days is not None and self.retention_days < self.object_lock_days:
            raise ValueError(
                f"retentionDays {self.retention_days} is below objectLockDays "
                f"{self.object_lock_days}: what is locked cannot expire; raise retentionDays"
            )
        return self
