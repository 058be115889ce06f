"""Database and cache."""

from typing import Self

from pydantic import Field, PositiveInt, field_validator, model_validator

from infra.database_classes import MEMORY_GIB
from infra.setting_sections.base import Section

_APPLY_IMMEDIATELY = (
    "Make changes at once that may interrupt service, not in the maintenance window; unset: in "
    "disposable stacks only."
)


class DatabaseSettings(Section):
    engine_version: str = Field(
        default="17",
        pattern=r"^\d+(\.\d+)?$",
        description="PostgreSQL version; a major version lets AWS choose the minor one.",
    )
    instance_class: str = Field(
        default="db.t4g.small",
        description="RDS class, of those in `infra/database_classes.py`: its memory decides how "
        "many connections there are.",
    )
    storage_gib: int = Field(default=20, ge=20, le=65536, description="Storage at the start, GiB.")
    maximum_storage_gib: int = Field(
        default=100, ge=22, le=65536, description="Storage that autoscaling may reach, GiB."
    )
    multi_zone: bool = Field(default=False, description="Keep a standby in another zone.")
    backup_retention_days: int = Field(default=7, ge=1, le=35, description="Automated backups.")
    generation: int = Field(
        default=1,
        ge=1,
        le=99,
        description="Number of the database that serves. A higher one creates a new database "
        "beside the old ones.",
    )
    retired_generations: tuple[PositiveInt, ...] = Field(
        default=(),
        description="Earlier databases that are kept. Take one out only when it may be deleted.",
    )
    apply_immediately: bool | None = Field(default=None, description=_APPLY_IMMEDIATELY)
    certificate_authority_file: str | None = Field(
        default=None,
        description="PEM file with the authority of the database's certificate, relative to the "
        "project; unset: Amazon RDS's root for the region.",
    )

    @field_validator("instance_class")
    @classmethod
    def _known_class(cls, value: str) -> str:
        if value not in MEMORY_GIB:
            raise ValueError(f"is not a known class; known are {', '.join(MEMORY_GIB)}")
        return value

    @model_validator(mode="after")
    def _storage_can_grow(self) -> Self:
        if self.maximum_storage_gib < self.storage_gib * 1.1:
            raise ValueError(
                f"maximumStorageGib {self.maximum_storage_gib} must exceed storageGib "
                f"{self.storage_gib} by at least 10 %, as RDS demands"
            )
        if self.generation in self.retired_generations:
            raise ValueError(f"generation {self.generation} serves and cannot be retired as well")
        return self


class CacheSettings(Section):
    engine_version: str = Field(default="8.0", pattern=r"^\d+\.\d+$", description="Valkey version.")
    node_type: str = Field(
        default="cache.t4g.micro", pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="Node."
    )
    replicas: int = Field(
        default=0, ge=0, le=5, description="Replicas; one or more turns failover on."
    )
    apply_immediately: bool | None = Field(default=None, description=_APPLY_IMMEDIATELY)
    certificate_authority_file: str | None = Field(
        default=None,
        description="PEM file with the authority of the cache's certificate, relative to the "
        "project; unset: the public authorities of the container image.",
    )
