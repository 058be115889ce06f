"""The proxy, its pods and the services beside it."""

import re
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from infra.setting_sections.base import Section


class ImageSettings(Section):
    repository: str = Field(
        default="ghcr.io/berriai/litellm-non_root",
        pattern=r"^[a-z0-9.-]+(:\d+)?/[a-z0-9._/-]+$",
        description="Image of the proxy.",
    )
    tag: str | None = Field(
        default=None, description="Tag; unset: the version that this bundle is tested with."
    )
    digest: str | None = Field(
        default=None, pattern=r"^sha256:[0-9a-f]{64}$", description="Digest that pins the tag."
    )

    @model_validator(mode="after")
    def _no_floating_tag(self) -> Self:
        if self.tag is not None and not re.search(r"\d+\.\d+\.\d+", self.tag):
            raise ValueError(f"tag {self.tag!r} does not name an exact version")
        return self


class GatewaySettings(Section):
    image: ImageSettings = Field(default_factory=ImageSettings, description="Container image.")
    replicas: PositiveInt = Field(default=1, description="Pods at least.")
    maximum_replicas: PositiveInt = Field(default=1, description="Pods at most, scaled on CPU.")
    minimum_zones: int | None = Field(
        default=None,
        ge=1,
        le=3,
        description="Zones that pods are in before one gets a second pod; unset: as many as "
        "`replicas` and `network.zones` allow. Lower it while a zone is lost.",
    )
    cpu: str = Field(default="1", pattern=r"^\d+m?$", description="CPU request of a pod.")
    memory_mib: int = Field(
        default=4096, ge=512, description="Memory of a pod; request and limit are the same."
    )
    longest_stream_seconds: int = Field(
        default=600, ge=10, le=3600, description="How long a streamed answer may take."
    )
    minimum_ready_seconds: int = Field(
        default=20,
        ge=0,
        le=600,
        description="How long a new pod must be ready before the next one is replaced; above the "
        "time in which the load balancer takes a target into service.",
    )
    database_connections: int = Field(
        default=10, ge=1, le=100, description="Connections of a pod to the database."
    )
    batch_write_seconds: int = Field(
        default=60, ge=1, le=600, description="How often spend is written to the database."
    )
    log_flush_seconds: int = Field(
        default=60, ge=1, le=600, description="How often log objects are written to the bucket."
    )
    spend_log_retention_days: int = Field(
        default=90, ge=1, description="Days that spend rows stay in the database."
    )
    warm_up: bool = Field(
        default=True,
        description="At the first `pulumi up`, launch nodes and pull the image while the database "
        "is created.",
    )
    store_models_in_database: bool = Field(
        default=False,
        description="Let administrators add and change models and settings in the admin UI; what "
        "is in the database then wins over this configuration.",
    )
    log_level: Literal["ERROR", "WARNING", "INFO", "DEBUG"] = Field(
        default="ERROR",
        description="What the proxy's own log tells. INFO takes about 11 % of the throughput; "
        "DEBUG prints prompts and answers, and a protected stack refuses it.",
    )
    environment: dict[str, str] = Field(
        default_factory=dict,
        description="Further environment variables of the proxy; none of them a secret.",
    )

    @model_validator(mode="after")
    def _scale_upwards(self) -> Self:
        if self.maximum_replicas < self.replicas:
            raise ValueError(
                f"maximumReplicas {self.maximum_replicas} is below replicas {self.replicas}"
            )
        return self
