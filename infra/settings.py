"""What a stack's configuration may hold: every section with its default and its meaning."""

from typing import Literal

from pydantic import Field

from infra.model_catalogue import AliasName, Model, Targets
from infra.providers import connections
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
    ImagesSettings,
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
    RestoreSettings,
    RotationPolicySettings,
    RotationSettings,
    RoutingSettings,
    SecretsSettings,
    Section,
    SessionMetadataSettings,
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
    restore: RestoreSettings = Field(
        default_factory=RestoreSettings,
        description="What the serving generation of the database is made from.",
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
    rotation_policy: RotationPolicySettings = Field(
        default_factory=RotationPolicySettings,
        description="Age from which on a secret's rotation is overdue, which raises an alarm.",
    )
    gateway: GatewaySettings = Field(
        default_factory=GatewaySettings, description="The proxy and its pods."
    )
    images: ImagesSettings = Field(
        default_factory=ImagesSettings,
        description="Where container images are pulled from, and their signatures.",
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
        """The issuer at which users of the bundled Grafana sign in: that of the admin UI.

        It sends them back to a host name; without one there is Grafana's own administrator.
        """
        reached = self.observability.bundled_namespace and self.load_balancer.grafana_host_name
        return self.sign_in.issuer if reached else None

    @property
    def supplied_families(self) -> dict[str, int]:
        """Secret families in use whose values a person supplies, each with its newest epoch."""
        return {key: self.rotation.newest(name) for key, name in self.supplied_rotations.items()}

    @property
    def supplied_rotations(self) -> dict[str, str]:
        """Key in `suppliedSecrets` of each such family in use → its key in `rotation`."""
        families = {
            provider.secret: f"providers.{name}"
            for name, provider in connections(self).items()
            if provider.secret
        }
        traces, email = self.request_logging.open_telemetry, self.alerting.email
        used = {
            "signInClient": self.sign_in.method == "proxy",
            "loadBalancerClient": self.sign_in.method == "loadBalancer",
            "grafanaClient": self.grafana_sign_in is not None,
            "langfuse": self.request_logging.langfuse is not None,
            "langsmith": self.request_logging.langsmith is not None,
            "openTelemetry": traces is not None and traces.headers,
            "slackWebhook": self.alerting.slack,
            "alertWebhook": self.alerting.webhook,
            "smtp": email is not None and email.username is not None,
            "license": self.license is License.ENTERPRISE,
        }
        return families | {family: family for family, in_use in used.items() if in_use}


class SettingsError(Exception):
    """Every error of a stack's configuration, a line each."""

    def __init__(self, stack: str, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        count = f"{len(problems)} error" + ("s" if len(problems) != 1 else "")
        super().__init__(f"configuration of stack {stack!r} has {count}:\n{lines}")
        self.problems = problems
