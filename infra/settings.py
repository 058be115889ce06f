"""The configuration of a stack: loaded once, checked whole, then only read.

``load`` reads every section, collects all errors of all sections and of the rules between them,
and raises one :class:`SettingsError` before any resource exists.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from pydantic import Field, TypeAdapter, ValidationError

from infra.model_catalogue import Model, provider_of
from infra.setting_rules import RULES, SUPPLIED_SECRETS_KEY, Supplied
from infra.setting_sections import (
    AccessLogSettings,
    AdminUiSettings,
    AuditSettings,
    AwsSettings,
    BedrockSettings,
    BudgetSettings,
    CacheSettings,
    CapacitySettings,
    ClusterSettings,
    DatabaseSettings,
    DisasterRecoverySettings,
    Durability,
    GatewaySettings,
    IdentitySettings,
    IntegrationSettings,
    LoadBalancerSettings,
    LogAnalyticsSettings,
    LogStorageSettings,
    MonitoringSettings,
    NetworkSettings,
    RotationSettings,
    SecretsSettings,
    Section,
    SignInSettings,
    SpendArchiveSettings,
)


class Settings(Section):
    """Everything that distinguishes one stack from another."""

    aws: AwsSettings = Field(
        default_factory=AwsSettings, description="Where in AWS the stack lives."
    )
    durability: Durability = Field(
        default=Durability.PROTECTED,
        description="`protected` keeps databases, keys, the salt key and the log bucket from "
        "deletion; `disposable` lets `pulumi destroy` remove them.",
    )
    network: NetworkSettings = Field(
        default_factory=NetworkSettings, description="VPC, the stack's own or an existing one."
    )
    cluster: ClusterSettings = Field(
        default_factory=ClusterSettings, description="EKS cluster in Auto Mode."
    )
    database: DatabaseSettings = Field(
        default_factory=DatabaseSettings, description="RDS PostgreSQL."
    )
    cache: CacheSettings = Field(default_factory=CacheSettings, description="ElastiCache, Valkey.")
    log_storage: LogStorageSettings = Field(
        default_factory=LogStorageSettings, description="Bucket of request logs and its tiers."
    )
    disaster_recovery: DisasterRecoverySettings = Field(
        default_factory=DisasterRecoverySettings, description="Copies in a second region."
    )
    capacity: CapacitySettings = Field(
        default_factory=CapacitySettings, description="What the capacity rules may let pass."
    )
    log_analytics: LogAnalyticsSettings = Field(
        default_factory=LogAnalyticsSettings, description="SQL over the request logs."
    )
    spend_archive: SpendArchiveSettings = Field(
        default_factory=SpendArchiveSettings, description="Old spend rows, moved to the bucket."
    )
    load_balancer: LoadBalancerSettings = Field(
        default_factory=LoadBalancerSettings, description="Internal application load balancer."
    )
    access_logs: AccessLogSettings = Field(
        default_factory=AccessLogSettings,
        description="Bucket of the logs that AWS writes of requests.",
    )
    secrets: SecretsSettings = Field(default_factory=SecretsSettings, description="Secret store.")
    rotation: RotationSettings = Field(
        default_factory=RotationSettings, description="Epoch of each secret family."
    )
    gateway: GatewaySettings = Field(
        default_factory=GatewaySettings, description="The proxy and its pods."
    )
    admin_ui: AdminUiSettings = Field(
        default_factory=AdminUiSettings, description="LiteLLM's admin UI."
    )
    sign_in: SignInSettings = Field(
        default_factory=SignInSettings, description="How people sign in to the admin UI."
    )
    integrations: IntegrationSettings = Field(
        default_factory=IntegrationSettings, description="Services beside the gateway."
    )
    monitoring: MonitoringSettings = Field(
        default_factory=MonitoringSettings, description="Alarms, their receivers and thresholds."
    )
    audit: AuditSettings = Field(
        default_factory=AuditSettings, description="Trail of who read secrets and called Bedrock."
    )
    budget: BudgetSettings = Field(
        default_factory=BudgetSettings, description="Budget of the account's Bedrock spend."
    )
    bedrock: BedrockSettings = Field(
        default_factory=BedrockSettings, description="The role with which Bedrock is called."
    )
    identity: IdentitySettings = Field(
        default_factory=IdentitySettings, description="Roles for those who deploy."
    )
    models: tuple[Model, ...] = Field(default=(), description="Catalogue of models.")

    @property
    def providers(self) -> tuple[str, ...]:
        """Names of the providers in use, sorted."""
        return tuple(sorted({model.provider for model in self.models}))

    @property
    def supplied_families(self) -> dict[str, int]:
        """Secret families in use whose values a person supplies, each with its epoch."""
        families = {
            name: self.rotation.providers.get(name, 1)
            for name in self.providers
            if provider_of(name).credentials
        }
        for family, used, epoch in (
            ("signInClient", self.sign_in.method == "proxy", self.rotation.sign_in_client),
            (
                "loadBalancerClient",
                self.sign_in.method == "loadBalancer",
                self.rotation.load_balancer_client,
            ),
            ("langfuse", self.integrations.langfuse_host is not None, self.rotation.langfuse),
            ("slackWebhook", self.integrations.slack_alerts, self.rotation.slack_webhook),
            ("licence", self.integrations.licence, self.rotation.licence),
        ):
            if used:
                families[family] = epoch
        return families


class SettingsError(Exception):
    """Every error of a stack's configuration, a line each."""

    def __init__(self, stack: str, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        count = f"{len(problems)} error" + ("s" if len(problems) != 1 else "")
        super().__init__(f"configuration of stack {stack!r} has {count}:\n{lines}")
        self.problems = problems


def load() -> Settings:
    """Return the settings of the current stack; raise :class:`SettingsError` with all errors."""
    return parse(pulumi.get_stack(), pulumi.get_project(), _raw_configuration())


def _raw_configuration() -> dict[str, str]:
    """All keys at once: ``pulumi.Config`` can only ask for those it knows."""
    config = pulumi.runtime.config
    return {**config.get_config_env(), **config.CONFIG.get()}


def parse(stack: str, project: str, configuration: Mapping[str, str]) -> Settings:
    """Check a stack's raw configuration (full key → text or JSON) and return its settings."""
    prefix = f"{project}:"
    texts = {
        key.removeprefix(prefix): text
        for key, text in configuration.items()
        if key.startswith(prefix)
    }
    supplied = _shape_of_supplied_secrets(texts.pop(SUPPLIED_SECRETS_KEY, "{}"))
    sections: dict[str, Any] = {}
    problems: list[str] = []
    fields = {field.alias or name: (name, field) for name, field in Settings.model_fields.items()}
    for key, text in sorted(texts.items()):
        if key not in fields:
            known = ", ".join(sorted([*fields, SUPPLIED_SECRETS_KEY]))
            problems.append(f"{key}: unknown key; known are {known}")
            continue
        name, field = fields[key]
        try:
            sections[name] = TypeAdapter(field.annotation).validate_python(_decode(text))
        except ValidationError as error:
            problems.extend(_describe(key, error))
    if problems:
        raise SettingsError(stack, problems)
    settings = Settings(**sections)
    problems = [problem for rule in RULES for problem in rule(settings, supplied)]
    if problems:
        raise SettingsError(stack, problems)
    return settings


def _decode(text: str) -> Any:
    """Objects and lists arrive as JSON, everything else as plain text."""
    return json.loads(text) if text.lstrip().startswith(("{", "[")) else text


def _describe(key: str, error: ValidationError) -> Iterator[str]:
    for detail in error.errors():
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]
        )
        message = detail["msg"].removeprefix("Value error, ")
        given = detail["input"]
        if detail["type"] == "extra_forbidden":
            message = "unknown key"
        shown = f" (given {given!r})" if isinstance(given, str | int | float | bool) else ""
        yield f"{key}{path}: {message}{shown}"


def _shape_of_supplied_secrets(text: str) -> Supplied:
    """Family → epoch → names of the fields. Values are dropped here: errors never hold one."""
    decoded = _decode(text)
    if not isinstance(decoded, dict):
        return {}
    return {
        family: {
            str(epoch): frozenset(values) if isinstance(values, dict) else frozenset()
            for epoch, values in epochs.items()
        }
        for family, epochs in decoded.items()
        if isinstance(epochs, dict)
    }
