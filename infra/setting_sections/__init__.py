"""The sections of a stack's configuration: one class for each key of ``Pulumi.<stack>.yaml``.

Field names are camelCase in YAML. A default stands here and nowhere else; the reference in the
README is generated from these descriptions. Rules between sections are in ``setting_rules.py``.
"""

from infra.setting_sections.account import AwsSettings, Durability
from infra.setting_sections.alerting import AlertingSettings, EmailSettings
from infra.setting_sections.base import Arn, Cidr, Section
from infra.setting_sections.capacity import CapacitySettings
from infra.setting_sections.cluster import ClusterSettings
from infra.setting_sections.data_stores import CacheSettings, DatabaseSettings
from infra.setting_sections.disaster_recovery import DisasterRecoverySettings
from infra.setting_sections.edge import AccessLogSettings, LoadBalancerSettings, WebFirewallSettings
from infra.setting_sections.enterprise import EnterpriseSettings, JwtSettings, License
from infra.setting_sections.gateway import (
    GatewaySettings,
    ImageSettings,
)
from infra.setting_sections.guardrails import BedrockGuardrailSettings, GuardrailSettings
from infra.setting_sections.identity import (
    BedrockSettings,
    BedrockTeam,
    GitHubSettings,
    IdentitySettings,
)
from infra.setting_sections.images import ImagesSettings
from infra.setting_sections.limits import KeyMaximumSettings, LimitSettings, NewKeySettings
from infra.setting_sections.log_analytics import LogAnalyticsSettings, SpendArchiveSettings
from infra.setting_sections.log_storage import LogStorageSettings
from infra.setting_sections.monitoring import (
    AlarmThresholds,
    AuditSettings,
    BudgetSettings,
    MonitoringSettings,
)
from infra.setting_sections.network import ExistingNetworkSettings, NetworkSettings
from infra.setting_sections.observability import ObservabilitySettings
from infra.setting_sections.providers import ProvidersSettings, Residency
from infra.setting_sections.request_logging import (
    RequestLoggingSettings,
    SessionMetadataSettings,
)
from infra.setting_sections.response_cache import ResponseCacheSettings
from infra.setting_sections.restore import PointInTimeSettings, RestoreSettings
from infra.setting_sections.routing import (
    HealthCheckSettings,
    ModelHealthCheck,
    RoutingSettings,
    Tag,
)
from infra.setting_sections.secrets import (
    RotationPolicySettings,
    RotationSettings,
    SecretsSettings,
)
from infra.setting_sections.sign_in import AdminUiSettings, IssuerSettings, SignInSettings

__all__ = [
    "AccessLogSettings",
    "AdminUiSettings",
    "AlarmThresholds",
    "AlertingSettings",
    "Arn",
    "AuditSettings",
    "AwsSettings",
    "BedrockGuardrailSettings",
    "BedrockSettings",
    "BedrockTeam",
    "BudgetSettings",
    "CacheSettings",
    "CapacitySettings",
    "Cidr",
    "ClusterSettings",
    "DatabaseSettings",
    "DisasterRecoverySettings",
    "Durability",
    "EmailSettings",
    "EnterpriseSettings",
    "ExistingNetworkSettings",
    "GatewaySettings",
    "GitHubSettings",
    "GuardrailSettings",
    "HealthCheckSettings",
    "IdentitySettings",
    "ImageSettings",
    "ImagesSettings",
    "IssuerSettings",
    "JwtSettings",
    "KeyMaximumSettings",
    "License",
    "LimitSettings",
    "LoadBalancerSettings",
    "LogAnalyticsSettings",
    "LogStorageSettings",
    "ModelHealthCheck",
    "MonitoringSettings",
    "NetworkSettings",
    "NewKeySettings",
    "ObservabilitySettings",
    "PointInTimeSettings",
    "ProvidersSettings",
    "RequestLoggingSettings",
    "Residency",
    "ResponseCacheSettings",
    "RestoreSettings",
    "RotationPolicySettings",
    "RotationSettings",
    "RoutingSettings",
    "SecretsSettings",
    "Section",
    "SessionMetadataSettings",
    "SignInSettings",
    "SpendArchiveSettings",
    "Tag",
    "WebFirewallSettings",
]
