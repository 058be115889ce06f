"""The configuration of a stack: loaded once, checked whole, then only read.

``load`` reads every section, collects all errors of all sections and of the rules between them,
and raises one :class:`SettingsError` before any resource exists.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

import pulumi
from pydantic import Field, TypeAdapter, ValidationError

from infra.model_catalogue import AliasName, Model, Targets
from infra.providers import connections
from infra.served_models import served
from infra.setting_errors import describe
from infra.setting_rules import ENCRYPTED, RULES, SUPPLIED_SECRETS_KEY, Supplied
from infra.setting_sections import (
    AccessLogSettings,
    AdminUiSettings,
    AlertingSettings,
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
    EnterpriseSettings,
    GatewaySettings,
    GuardrailSettings,
    IdentitySettings,
    IssuerSettings,
    JwtSettings,
    License,
    LimitSettings,
    LoadBalancerSettings,
    LogAnalyticsSettings,
    LogStorageSettings,
    MonitoringSettings,
    NetworkSettings,
    ObservabilitySettings,
    ProvidersSettings,
    RequestLoggingSettings,
    Residency,
    ResponseCacheSettings,
    RotationSettings,
    RoutingSettings,
    SecretsSettings,
    Section,
    SessionMetadataSettings,
    SignInSettings,
    SpendArchiveSettings,
)
from infra.setting_warnings import setting_warnings
from infra.suggestions import unknown


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
    request_logging: RequestLoggingSettings = Field(
        default_factory=RequestLoggingSettings,
        description="Where records of requests go, and what they hold.",
    )
    session_metadata: SessionMetadataSettings = Field(
        default_factory=SessionMetadataSettings,
        description="What of a request's metadata is kept with its records.",
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings,
        description="What new keys, teams and users may spend and ask for.",
    )
    alerting: AlertingSettings = Field(
        default_factory=AlertingSettings, description="Whom the proxy tells of budgets and outages."
    )
    guardrails: tuple[GuardrailSettings, ...] = Field(
        default=(), description="What is looked for in requests and answers."
    )
    license: License = Field(
        default=License.NONE,
        description="`enterprise` with a licence key of LiteLLM, supplied as `license`; `none`: "
        "settings that need one are refused.",
    )
    jwt: JwtSettings = Field(
        default_factory=JwtSettings, description="Callers with tokens of an identity provider."
    )
    scim: bool = Field(
        default=False,
        description="Whether an identity provider keeps users and teams at `/scim/v2`.",
    )
    enterprise: EnterpriseSettings = Field(
        default_factory=EnterpriseSettings, description="Further settings that need a licence."
    )
    admin_ui: AdminUiSettings = Field(
        default_factory=AdminUiSettings, description="LiteLLM's admin UI."
    )
    sign_in: SignInSettings = Field(
        default_factory=SignInSettings, description="How people sign in to the admin UI."
    )
    monitoring: MonitoringSettings = Field(
        default_factory=MonitoringSettings, description="Alarms, their receivers and thresholds."
    )
    observability: ObservabilitySettings = Field(
        default_factory=ObservabilitySettings,
        description="Prometheus, its rules and Grafana in the cluster.",
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
    routing: RoutingSettings = Field(
        default_factory=RoutingSettings,
        description="How requests find a deployment, and what happens when one fails.",
    )
    response_cache: ResponseCacheSettings = Field(
        default_factory=ResponseCacheSettings, description="Answers that are given again."
    )
    models: tuple[Model, ...] = Field(
        default=(),
        description="Catalogue of models; none: Claude Haiku, Sonnet and Opus 4.5 on Bedrock.",
    )
    aliases: dict[AliasName, Targets] = Field(
        default_factory=dict,
        description="Further name → model, or several models among which requests are spread.",
    )
    providers: ProvidersSettings = Field(
        default_factory=ProvidersSettings, description="Who serves models, and how to reach them."
    )
    data_residency: Residency | Literal["anywhere"] = Field(
        default="anywhere",
        description="Where prompts may be processed: `us`, `us-gov`, `eu`, `apac` (with the UAE, "
        "as AWS has it), `jp`, `au`, `region` for the stack's own alone, or `anywhere`.",
    )

    @property
    def providers_in_use(self) -> tuple[str, ...]:
        """Names of the providers that serve a model, sorted."""
        return tuple(sorted({name for model in self.models for name in model.providers}))

    @property
    def grafana_sign_in(self) -> IssuerSettings | None:
        """The issuer at which users of the bundled Grafana sign in: that of the admin UI."""
        return self.sign_in.issuer if self.observability.bundled_namespace else None

    @property
    def supplied_families(self) -> dict[str, int]:
        """Secret families in use whose values a person supplies, each with its epoch."""
        families = {
            provider.secret: self.rotation.providers.get(name, 1)
            for name, provider in connections(self).items()
            if provider.secret
        }
        for family, used, epoch in (
            ("signInClient", self.sign_in.method == "proxy", self.rotation.sign_in_client),
            (
                "loadBalancerClient",
                self.sign_in.method == "loadBalancer",
                self.rotation.load_balancer_client,
            ),
            ("grafanaClient", self.grafana_sign_in is not None, self.rotation.grafana_client),
            ("langfuse", self.request_logging.langfuse is not None, self.rotation.langfuse),
            ("langsmith", self.request_logging.langsmith is not None, self.rotation.langsmith),
            (
                "openTelemetry",
                bool(traces := self.request_logging.open_telemetry) and traces.headers,
                self.rotation.open_telemetry,
            ),
            ("slackWebhook", self.alerting.slack, self.rotation.slack_webhook),
            ("alertWebhook", self.alerting.webhook, self.rotation.alert_webhook),
            ("smtp", self.alerting.email and self.alerting.email.username, self.rotation.smtp),
            ("license", self.license is License.ENTERPRISE, self.rotation.license),
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
    """Return the settings of the current stack and log what is worth a second look.

    Raises :class:`SettingsError` with all errors.
    """
    settings = parse(pulumi.get_stack(), pulumi.get_project(), _raw_configuration())
    for warning in setting_warnings(settings):
        pulumi.log.warn(warning)
    return settings


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
            problems.append(f"{key}: {unknown('key', key, [*fields, SUPPLIED_SECRETS_KEY])}")
            continue
        name, field = fields[key]
        try:
            sections[name] = TypeAdapter(field.annotation).validate_python(_decode(text))
        except ValidationError as error:
            problems.extend(describe(key, field.annotation, error))
    if problems:
        raise SettingsError(stack, problems)
    settings = served(Settings(**sections))
    problems = [problem for rule in RULES for problem in rule(settings, supplied)]
    if problems:
        raise SettingsError(stack, problems)
    return settings


def _decode(text: str) -> Any:
    """Objects and lists arrive as JSON, everything else as plain text."""
    return json.loads(text) if text.lstrip().startswith(("{", "[")) else text


def _shape_of_supplied_secrets(text: str) -> Supplied:
    """Family → epoch → names of the fields. Values are dropped here: errors never hold one."""
    if text == ENCRYPTED:
        return None
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
