"""The load balancer: what stands between callers and pods."""

from typing import Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Arn, Cidr, Section


class AccessLogSettings(Section):
    retention_days: int = Field(
        default=90,
        ge=1,
        description="Days until logs of requests to the load balancer and to buckets expire.",
    )
    connections: bool = Field(
        default=False,
        description="Whether the load balancer logs its TLS connections beside its requests.",
    )


class LoadBalancerSettings(Section):
    certificate_arn: Arn | None = Field(
        default=None,
        description="ACM certificate of the HTTPS listener; unset: plain HTTP inside the VPC.",
    )
    port: int = Field(
        default=80,
        ge=1,
        le=65535,
        description="Port of the plain listener (with a certificate it redirects to 443).",
    )
    allowed_cidrs: tuple[Cidr, ...] = Field(
        default=(), description="Networks that may call the gateway; empty: the VPC alone."
    )
    idle_timeout_seconds: int = Field(
        default=600,
        ge=60,
        le=4000,
        description="Silence after which a connection is closed; "
        "streamed answers need more than ALB's default of 60.",
    )
    deregistration_seconds: int = Field(
        default=120, ge=5, le=3600, description="How long a leaving pod may finish its requests."
    )

    @model_validator(mode="after")
    def _no_open_door(self) -> Self:
        if "0.0.0.0/0" in self.allowed_cidrs:
            raise ValueError("allowedCidrs has 0.0.0.0/0: name the networks of your developers")
        return self
