"""Values of the chart kube-prometheus-stack: what a stack decides about it. Pure.

Keys are those of the chart's values.yaml and, below ``grafana``, of Grafana's own chart
(github.com/grafana/helm-charts, charts/grafana/values.yaml). Everything here meets Pod Security
``restricted``; the chart's own defaults do so for Prometheus, Alertmanager and the operator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.secret_families import SUPPLIED
from infra.setting_sections import IssuerSettings

RELEASE = "monitoring"
ALERTMANAGER_ACCOUNT = "alertmanager"
# How Grafana's sidecar knows a ConfigMap with dashboards; the chart's own default, so that other
# releases of it find them too (grafana.sidecar.dashboards).
DASHBOARD_LABEL, DASHBOARD_LABEL_VALUE = "grafana_dashboard", "1"
DASHBOARD_FOLDER_ANNOTATION = "grafana_folder"
# Services are named after the release and the part (charts/grafana, templates/_helpers.tpl).
GRAFANA_SERVICE = f"{RELEASE}-grafana"
GRAFANA_SERVICE_PORT, GRAFANA_PORT = 80, 3000
# What Auto Mode runs itself, where no pod of the cluster reaches it, and what would need a pod with
# the node's own files and network, which Pod Security forbids; Container Insights has nodes.
_OUT_OF_REACH = (
    *("kubeApiServer", "kubelet", "kubeControllerManager", "coreDns", "kubeDns"),
    *("kubeEtcd", "kubeScheduler", "kubeProxy", "nodeExporter"),
)
# Prometheus removes old blocks when this part of its volume is full; the rest is for its log.
_USED_PART = 0.9
_MIB_OF_A_GIB = 1024


@dataclass(frozen=True, kw_only=True)
class GrafanaValues:
    """Where Grafana is reached, and who gets in. Secrets are named, their values are not here."""

    admin_secret: str
    url: str | None = None
    sign_in: IssuerSettings | None = None
    group_claim: str = "groups"
    client_secret: str | None = None
    admin_group: str | None = None


@dataclass(frozen=True, kw_only=True)
class MonitoringValues:
    """What a stack decides about the chart; all else is the chart's default."""

    scrape_seconds: int
    retention_days: int
    volume_gib: int
    memory_mib: int
    storage_class: str
    region: str
    alertmanager_role_arn: pulumi.Input[str]
    topic_arns: Sequence[pulumi.Input[str]]
    grafana: GrafanaValues


def chart_values(context: MonitoringValues) -> dict[str, Any]:
    """Return the values: Prometheus, Alertmanager, Grafana, kube-state-metrics and the operator."""
    return {
        "fullnameOverride": RELEASE,
        # Rules and dashboards are ours; the chart's are for what is switched off below.
        "defaultRules": {"create": False},
        "kubernetesServiceMonitors": {"enabled": False},
        **{part: {"enabled": False} for part in _OUT_OF_REACH},
        "prometheusOperator": {
            # Its webhook would have to be reached from the control plane; promtool checks rules.
            "admissionWebhooks": {"enabled": False},
            "tls": {"enabled": False},
            "kubeletService": {"enabled": False},
            "kubeletEndpointsEnabled": False,
            "resources": _resources("50m", "128Mi"),
        },
        "prometheus": {"prometheusSpec": _prometheus(context)},
        "alertmanager": _alertmanager(context),
        "grafana": _grafana(context.grafana),
        "kube-state-metrics": {"resources": _resources("20m", "128Mi")},
    }


def _prometheus(context: MonitoringValues) -> dict[str, Any]:
    used = int(context.volume_gib * _MIB_OF_A_GIB * _USED_PART)
    return {
        "scrapeInterval": f"{context.scrape_seconds}s",
        "evaluationInterval": f"{context.scrape_seconds}s",
        "retention": f"{context.retention_days}d",
        "retentionSize": f"{used}MB",
        # Monitors and rules of every namespace, whatever their labels: the cluster is the stack's.
        "serviceMonitorSelectorNilUsesHelmValues": False,
        "podMonitorSelectorNilUsesHelmValues": False,
        "ruleSelectorNilUsesHelmValues": False,
        "resources": _resources("250m", f"{context.memory_mib}Mi"),
        "storageSpec": _volume(context.storage_class, context.volume_gib),
    }


def _alertmanager(context: MonitoringValues) -> dict[str, Any]:
    return {
        "serviceAccount": {
            "name": ALERTMANAGER_ACCOUNT,
            "annotations": {"eks.amazonaws.com/role-arn": context.alertmanager_role_arn},
            # It asks the API server for nothing; IRSA's token is a volume of its own.
            "automountServiceAccountToken": False,
        },
        "alertmanagerSpec": {
            "resources": _resources("20m", "64Mi"),
            # Silences outlive its pod.
            "storage": _volume(context.storage_class, 1),
        },
        "config": alertmanager_config(context.topic_arns, context.region),
    }


def alertmanager_config(topic_arns: Sequence[pulumi.Input[str]], region: str) -> dict[str, Any]:
    """Return Alertmanager's configuration: every alert goes to every topic, as alarms do.

    It signs its requests with the role of its pod: there is no secret in it.
    """
    return {
        "route": {
            "receiver": "topics",
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [{"matchers": ['severity = "critical"'], "repeat_interval": "4h"}],
        },
        # Where no pod answers, all else follows from it.
        "inhibit_rules": [
            {
                "source_matchers": ['alertname = "GatewayDown"'],
                "target_matchers": ['severity = "warning"'],
                "equal": ["namespace"],
            }
        ],
        "receivers": [
            {
                "name": "topics",
                "sns_configs": [
                    {
                        "topic_arn": topic,
                        "sigv4": {"region": region},
                        "send_resolved": True,
                        # SNS takes 100 characters:
                        # docs.aws.amazon.com/sns/latest/api/API_Publish.html
                        "subject": "{{ .Status | toUpper }} {{ .CommonLabels.alertname }}",
                    }
                    for topic in topic_arns
                ],
            }
        ],
        "templates": [],
    }


def _grafana(grafana: GrafanaValues) -> dict[str, Any]:
    values: dict[str, Any] = {
        # No credentials of the chart's own: its default password is a published one.
        "admin": {
            "existingSecret": grafana.admin_secret,
            "userKey": "username",
            "passwordKey": "password",
        },
        # Dashboards come from ConfigMaps and users from the issuer: there is nothing to keep.
        "persistence": {"enabled": False},
        "initChownData": {"enabled": False},
        "testFramework": {"enabled": False},
        "defaultDashboardsEnabled": False,
        "resources": _resources("50m", "256Mi"),
        "sidecar": {
            "resources": _resources("10m", "96Mi"),
            "dashboards": {
                "label": DASHBOARD_LABEL,
                "labelValue": DASHBOARD_LABEL_VALUE,
                "searchNamespace": "ALL",
                # Secrets of other namespaces are none of its business.
                "resource": "configmap",
                "folderAnnotation": DASHBOARD_FOLDER_ANNOTATION,
                "provider": {"foldersFromFilesStructure": True, "allowUiUpdates": False},
            },
            "datasources": {"resource": "configmap"},
        },
        "grafana.ini": _grafana_ini(grafana),
    }
    if grafana.sign_in and grafana.client_secret:
        values["envValueFrom"] = {
            variable: {"secretKeyRef": {"name": grafana.client_secret, "key": key}}
            for key, variable in SUPPLIED["grafanaClient"].environment.items()
        }
    return values


def _grafana_ini(grafana: GrafanaValues) -> dict[str, Any]:
    ini: dict[str, Any] = {
        "analytics": {"check_for_updates": False, "reporting_enabled": False},
        "users": {"allow_sign_up": False},
        "auth.anonymous": {"enabled": False},
    }
    if grafana.url:
        ini["server"] = {"root_url": grafana.url}
        ini["security"] = {"cookie_secure": True}
    if grafana.sign_in:
        ini["auth.generic_oauth"] = _sign_in(
            grafana.sign_in, grafana.group_claim, grafana.admin_group
        )
    return ini


def _sign_in(
    issuer: IssuerSettings, group_claim: str, admin_group: str | None
) -> Mapping[str, Any]:
    """Sign-in at an OIDC issuer: grafana.com/docs/grafana/latest, "Configure Generic OAuth"."""
    return {
        "enabled": True,
        "name": "Single sign-on",
        "scopes": "openid profile email",
        "auth_url": issuer.authorization_url,
        "token_url": issuer.token_url,
        "api_url": issuer.user_info_url,
        "use_pkce": True,
        "allow_sign_up": True,
        "role_attribute_path": (
            f"contains({group_claim}[*], '{admin_group}') && 'Admin' || 'Viewer'"
            if admin_group
            else "'Viewer'"
        ),
    }


def _volume(storage_class: str, gib: int) -> dict[str, Any]:
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": storage_class,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{gib}Gi"}},
            }
        }
    }


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    """Memory is request and limit; CPU is a request alone, so that a slow query is only slow."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
