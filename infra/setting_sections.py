"""The sections of a stack's configuration: one class for each key of ``Pulumi.<stack>.yaml``.

Field names are camelCase in YAML. A default stands here and nowhere else; the reference in the
README is generated from these descriptions. Rules between sections are in ``settings.py``.
"""

import ipaddress
import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt, model_validator
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """A frozen section in which an unknown key is an error."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, populate_by_name=True
    )


def _network(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"{error}; give an IPv4 network such as 10.40.0.0/16") from error
    return str(network)


Cidr = Annotated[str, AfterValidator(_network)]
Arn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:.+$")]
Epoch = Annotated[int, Field(ge=1, le=9999)]


class AwsSettings(Section):
    region: str = Field(
        default="us-east-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="Region of the stack.",
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="One URL that answers for every AWS service; unset on AWS itself.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict, description="Tags for every resource, beside the stack's own."
    )


class Durability(StrEnum):
    DISPOSABLE = "disposable"
    PROTECTED = "protected"


class NetworkSettings(Section):
    cidr: Cidr = Field(default="10.40.0.0/16", description="Address space of the VPC, /16 to /20.")
    zones: Literal[2, 3] = Field(
        default=3, description="Availability zones that get one public and one private subnet each."
    )
    nat_gateways: Literal["one", "perZone"] = Field(
        default="one",
        description="`one` costs least; `perZone` keeps the way out when a zone is lost.",
    )

    @model_validator(mode="after")
    def _room_for_subnets(self) -> Self:
        prefix = ipaddress.IPv4Network(self.cidr).prefixlen
        if not 16 <= prefix <= 20:
            raise ValueError(f"cidr {self.cidr} must be between /16 and /20")
        return self


class ClusterSettings(Section):
    public_access_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks that may reach the API server from outside; empty: private only.",
    )
    deployer_role_arn: Arn | None = Field(
        default=None,
        description="IAM role that runs `pulumi up`; it gets cluster administration. "
        "Unset: the identity that runs the program.",
    )
    administrator_arns: tuple[Arn, ...] = Field(
        default=(), description="Further IAM principals with cluster administration."
    )
    architecture: Literal["arm64", "amd64"] = Field(
        default="arm64", description="Processor of the gateway's nodes; arm64 is Graviton."
    )
    capacity_type: Literal["on-demand", "spot"] = Field(
        default="on-demand", description="How the gateway's nodes are bought."
    )
    cpu_limit: PositiveInt = Field(
        default=16, description="Virtual CPUs that the gateway's node pool may reach at most."
    )

    @model_validator(mode="after")
    def _named_networks_only(self) -> Self:
        if "0.0.0.0/0" in self.public_access_cidrs:
            raise ValueError("publicAccessCidrs has 0.0.0.0/0: name the networks that need access")
        return self


class DatabaseSettings(Section):
    engine_version: str = Field(
        default="17",
        pattern=r"^\d+(\.\d+)?$",
        description="PostgreSQL version; a major version lets AWS choose the minor one.",
    )
    instance_class: str = Field(
        default="db.t4g.small", pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$", description="RDS class."
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
    snapshot: str | None = Field(
        default=None,
        description="Snapshot from which the serving generation is created; a later change of "
        "this key replaces nothing.",
    )
    certificate_authority_file: str | None = Field(
        default=None,
        description="PEM file with the authority of the database's certificate, relative to the "
        "project; unset: Amazon RDS's root for the region.",
    )

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
    certificate_authority_file: str | None = Field(
        default=None,
        description="PEM file with the authority of the cache's certificate, relative to the "
        "project; unset: the public authorities of the container image.",
    )


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


class SecretsSettings(Section):
    salt_key: Literal["create", "adopt"] = Field(
        default="create",
        description="`adopt` takes over the salt key that an earlier stack or a replica left "
        "under the same name.",
    )


class RotationSettings(Section):
    """The epoch of each secret family. Raising one is a rotation."""

    master_key: Epoch = Field(default=1, description="Admin key of the proxy.")
    database: Epoch = Field(default=1, description="Password of the idle one of two users.")
    cache: Epoch = Field(default=1, description="Password of the cache's user.")
    drain_token: Epoch = Field(default=1, description="Token of the drain endpoint.")
    ui_password: Epoch = Field(default=1, description="Password of the admin UI.")
    providers: dict[str, Epoch] = Field(
        default_factory=dict,
        description="Epoch of each provider's credentials, by provider; its values are in "
        "`suppliedSecrets`.",
    )
    sso_client: Epoch = Field(default=1, description="OIDC client of the admin UI.")
    langfuse: Epoch = Field(default=1, description="Langfuse's key pair.")
    slack_webhook: Epoch = Field(default=1, description="Webhook for alerts.")
    licence: Epoch = Field(default=1, description="LiteLLM Enterprise licence.")


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
    admin_ui: bool = Field(default=False, description="Serve the admin UI with a password.")
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


class SingleSignOnSettings(Section):
    """An OIDC provider for the admin UI (Keycloak or any other)."""

    authorization_endpoint: str = Field(pattern=r"^https://", description="Where users sign in.")
    token_endpoint: str = Field(pattern=r"^https://", description="Where codes become tokens.")
    userinfo_endpoint: str = Field(pattern=r"^https://", description="Where claims are read.")


class IntegrationSettings(Section):
    """Services beside the gateway; each one that is on needs its entry in ``suppliedSecrets``."""

    langfuse_host: str | None = Field(
        default=None, pattern=r"^https?://", description="Langfuse server; unset: off."
    )
    slack_alerts: bool = Field(default=False, description="Alerts to a Slack webhook.")
    licence: bool = Field(default=False, description="LiteLLM Enterprise licence.")
    sso: SingleSignOnSettings | None = Field(
        default=None, description="Single sign-on for the admin UI; unset: off."
    )
