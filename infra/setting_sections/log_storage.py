"""The bucket of request logs."""

from typing import Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Section


class LogStorageSettings(Section):
    infrequent_access_days: int = Field(default=30, ge=30, description="Days to Standard-IA.")
    glacier_days: int = Field(default=90, ge=60, description="Days to Glacier Instant Retrieval.")
    deep_archive_days: int = Field(default=365, ge=180, description="Days to Deep Archive.")
    retention_days: int = Field(default=730, ge=1, description="Days until a log object expires.")
    expire_noncurrent_days: int = Field(
        default=30, ge=1, description="Days until an overwritten or deleted version expires."
    )

    @model_validator(mode="after")
    def _tiers_in_order(self) -> Self:
        if self.glacier_days < self.infrequent_access_days + 30:
            raise ValueError(
                f"glacierDays {self.glacier_days} must be at least infrequentAccessDays "
                f"{self.infrequent_access_days} + 30, the minimum stay in Standard-IA"
            )
        if self.deep_archive_days < self.glacier_days + 90:
            raise ValueError(
                f"deepArchiveDays {self.deep_archive_days} must be at least glacierDays "
                f"{self.glacier_days} + 90, the minimum stay in Glacier Instant Retrieval"
            )
        return self
