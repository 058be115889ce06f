"""Prometheus, its rules and Grafana: what watches the gateway from inside the cluster."""

from typing import Annotated, Literal

from pydantic import Field

from infra.setting_sections.base import Section

LabelName = Annotated[
    str, Field(pattern=r"^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
]
LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$")]


class AlertSettings(Section):
    """From which figure on a rule of Prometheus tells."""

    availability_percent: float = Field(
        default=99.5,
        ge=90,
        le=99.99,
        description="Objective over 30 days: requests that are answered without 5xx. Alerts tell "
        "how fast the rest, the error budget, is spent.",
    )
    minimum_requests: int = Field(
        default=50,
        ge=1,
        description="Requests in the longer window below which no share of them is judged.",
    )
    failure_percent: float = Field(
        default=5, gt=0, lt=100, description="Requests that fail (5xx), over five minutes."
    )
    latency_seconds: float = Field(
        default=60, gt=0, description="95th percentile of a request, over ten minutes."
    )
    first_token_seconds: float = Field(
        default=15,
        gt=0,
        description="95th percentile of a model's time to its first token, over ten minutes.",
    )
    queue_seconds: float = Field(
        default=1,
        gt=0,
        description="95th percentile of the time that a request waits in a pod before its work "
        "begins, over ten minutes.",
    )
    fallback_percent: float = Field(
        default=10, gt=0, lt=100, description="Requests of a model that its fallbacks answer."
    )
    rate_limited_percent: float = Field(
        default=20, gt=0, lt=100, description="Requests that a limit refuses (429)."
    )
    remaining_budget_percent: float = Field(
        default=10,
        gt=0,
        lt=100,
        description="Budget that a team, a key, a user or the gateway has left.",
    )
    spend_factor: float = Field(
        default=4,
        gt=1,
        description="Spend of an hour, as a multiple of the day before's average hour.",
    )


class GrafanaSettings(Section):
    """The bundled Grafana."""

    admin_group: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9 ._:/@-]{1,128}$",
        description="Group, in the claim `groups` of the issuer, whose members administer "
        "Grafana; everybody else who signs in reads.",
    )


class ObservabilitySettings(Section):
    monitoring: Literal["bundled", "existing", "none"] = Field(
        default="bundled",
        description="`bundled` installs Prometheus, Alertmanager and Grafana; `existing` only "
        "gives those that run in the cluster already a ServiceMonitor, rules and dashboards, and "
        "needs the definitions of the Prometheus operator there; `none`: CloudWatch alone.",
    )
    namespace: str = Field(
        default="monitoring",
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Where Prometheus runs: nothing else in the cluster reaches the metrics port.",
    )
    labels: dict[LabelName, LabelValue] = Field(
        default_factory=lambda: {"release": "kube-prometheus-stack"},
        description="Labels of the ServiceMonitor and the rules, by which an existing Prometheus "
        "selects them; those of its chart are `release: <its release>`.",
    )
    scrape_seconds: int = Field(
        default=30, ge=5, le=120, description="How often the metrics of each pod are read."
    )
    all_metrics: bool = Field(
        default=False,
        description="Also keep those of LiteLLM's metrics that no dashboard, rule or alarm of this "
        "bundle reads (`infra/proxy_config/metrics.py`); each takes time with every request.",
    )
    retention_days: int = Field(
        default=35,
        ge=4,
        le=400,
        description="Days that the bundled Prometheus keeps metrics; below 32 the dashboards lack "
        "the beginning of the month.",
    )
    volume_gib: int = Field(
        default=50,
        ge=5,
        le=16384,
        description="Volume of the bundled Prometheus; nine tenths of it are used.",
    )
    memory_mib: int = Field(
        default=2048,
        ge=512,
        description="Memory of the bundled Prometheus; request and limit are the same.",
    )
    runbook_url: str = Field(
        default="docs/runbooks/alerts.md",
        pattern=r"^[^\s#]+$",
        description="Page of the runbooks, to which alerts add `#` and their name: where your "
        "copy of this repository shows docs/runbooks/alerts.md.",
    )
    grafana: GrafanaSettings = Field(
        default_factory=GrafanaSettings, description="The bundled Grafana."
    )
    alerts: AlertSettings = Field(
        default_factory=AlertSettings, description="From which figures on rules tell."
    )

    @property
    def bundled_namespace(self) -> str | None:
        """Namespace of the bundled Prometheus; None where the stack brings none."""
        return self.namespace if self.monitoring == "bundled" else None
