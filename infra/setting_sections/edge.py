"""The edge: what stands between callers and pods, and the logs of who called."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Arn, Cidr, LogGroupDays, Section

# A certificate's first name may have 64 characters (botocore, acm RequestCertificate, DomainName).
HostName = Annotated[
    str,
    Field(
        max_length=64,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
    ),
]
# 128 characters: botocore, elbv2 PathPatternConditionConfig, Values. One wildcard, because four
# patterns share a rule, which may have five.
PathPattern = Annotated[
    str, Field(max_length=128, pattern=r"^/[A-Za-z0-9/._~:-]*[*?]?[A-Za-z0-9/._~:-]*$")
]


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


class WebFirewallSettings(Section):
    enabled: bool = Field(
        default=False, description="A WAF web ACL with AWS's managed rules before the balancer."
    )
    # Bounds: botocore, wafv2 RateLimit.
    rate_limit: int = Field(
        default=10_000,
        ge=10,
        le=2_000_000_000,
        description="Requests in five minutes after which one address is blocked; an office behind "
        "one address counts as one.",
    )
    log_retention_days: LogGroupDays = Field(
        default=90, description="Days that the firewall's log is kept."
    )


class LoadBalancerSettings(Section):
    host_name: HostName | None = Field(
        default=None,
        description="Name of the API, which serves inference alone; unset: every path but "
        "`/metrics` under any name.",
    )
    admin_host_name: HostName | None = Field(
        default=None,
        description="Name under which the other paths are served, to `adminCidrs` alone.",
    )
    grafana_host_name: HostName | None = Field(
        default=None,
        description="Name under which the bundled Grafana is served, to `adminCidrs` alone; unset: "
        "it is reached through `kubectl port-forward`.",
    )
    admin_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        max_length=40,
        description="Networks that reach the admin host name and Grafana's; part of "
        "`allowedCidrs`.",
    )
    additional_api_paths: tuple[PathPattern, ...] = Field(
        default=(),
        max_length=40,
        description="Further path patterns of the API's host name, each with at most one "
        "wildcard, such as `/v1/batches*`.",
    )
    hosted_zone_id: str | None = Field(
        default=None,
        pattern=r"^[A-Z0-9]{1,32}$",
        description="Public Route 53 zone of the host names; gets their records and, without "
        "`certificateArn`, those that validate a certificate.",
    )
    certificate_arn: Arn | None = Field(
        default=None,
        description="ACM certificate of the HTTPS listener; unset: one is made in the hosted "
        "zone, and without a zone plain HTTP is served inside the VPC.",
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
        default=600,
        ge=5,
        le=3600,
        description="How long the balancer lets the requests of a leaving pod finish.",
    )
    propagation_seconds: int = Field(
        default=60,
        ge=5,
        le=600,
        description="How long a leaving pod still takes new requests: the time until every node "
        "of the balancer has learnt that it leaves.",
    )
    web_firewall: WebFirewallSettings = Field(
        default_factory=WebFirewallSettings, description="Web application firewall."
    )

    @property
    def is_encrypted(self) -> bool:
        """Whether there is a certificate, given or made."""
        return bool(self.certificate_arn or (self.host_name and self.hosted_zone_id))

    @model_validator(mode="after")
    def _no_open_door(self) -> Self:
        for name, cidrs in (
            ("allowedCidrs", self.allowed_cidrs),
            ("adminCidrs", self.admin_cidrs),
        ):
            if "0.0.0.0/0" in cidrs:
                raise ValueError(f"{name} has 0.0.0.0/0: name the networks of your developers")
        return self
