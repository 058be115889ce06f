"""What Prometheus and Grafana get of the gateway: where to ask, what to tell, what to show."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from infra.alert_rules import rule_groups, rules_context
from infra.model_tiers import model_tier_rules
from infra.monitoring_values import (
    DASHBOARD_FOLDER_ANNOTATION,
    DASHBOARD_LABEL,
    DASHBOARD_LABEL_VALUE,
)
from infra.naming import NAMESPACE, PROJECT_ROOT, RELEASE
from infra.settings import Settings

DASHBOARDS = PROJECT_ROOT / "dashboards"
_FOLDER = "LiteLLM"
_API_VERSION = "monitoring.coreos.com/v1"


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    environment: str
    """The stack's name: one Prometheus, and one Grafana, may watch several stacks."""
    settings: Settings


class Observability(pulumi.ComponentResource):
    """A ServiceMonitor, the rules and a ConfigMap for each dashboard, in the gateway's namespace.

    They need the definitions of the Prometheus operator: the bundled stack brings them and is what
    this depends on, an existing one has them.
    """

    dashboards: list[str]

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:observability:Observability", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = args.settings.observability.labels
        for kind, spec in (
            (
                "ServiceMonitor",
                service_monitor(args.settings.observability.scrape_seconds, args.environment),
            ),
            ("PrometheusRule", {"groups": _rule_groups(args)}),
        ):
            CustomResource(
                kind.lower(),
                api_version=_API_VERSION,
                kind=kind,
                metadata={"name": RELEASE, "namespace": NAMESPACE, "labels": labels},
                spec=spec,
                opts=child,
            )
        files = sorted(DASHBOARDS.glob("*.json"))
        self.dashboards = [file.stem for file in files]
        for file in files:
            kubernetes.core.v1.ConfigMap(
                file.stem,
                metadata={
                    "name": f"dashboard-{file.stem}",
                    "namespace": NAMESPACE,
                    "labels": {DASHBOARD_LABEL: DASHBOARD_LABEL_VALUE},
                    "annotations": {DASHBOARD_FOLDER_ANNOTATION: _FOLDER},
                },
                data={file.name: file.read_text()},
                opts=child,
            )
        self.register_outputs({})


def _rule_groups(args: ObservabilityArgs) -> list[dict[str, Any]]:
    tiers = {model.name: model.tier for model in args.settings.models}
    return [*rule_groups(rules_context(args.settings)), model_tier_rules(tiers, args.environment)]


def service_monitor(scrape_seconds: int, environment: str) -> dict[str, Any]:
    """Return how the gateway's pods are asked: docs/decisions/metrics-scrape.md. Pure."""
    return {
        "selector": {
            "matchLabels": {
                "app.kubernetes.io/instance": RELEASE,
                "app.kubernetes.io/component": "proxy",
            }
        },
        "endpoints": [
            {
                "port": "metrics",
                # Without the slash every scrape would be two: LiteLLM redirects to it.
                "path": "/metrics/",
                "interval": f"{scrape_seconds}s",
                "scrapeTimeout": "5s",
                # A name of LiteLLM's own labels must not hide where a series comes from.
                "honorLabels": False,
                "relabelings": [{"targetLabel": "environment", "replacement": environment}],
            }
        ],
    }
