"""Grafana dashboards as ConfigMaps, which Grafana's sidecar picks up by their label."""

import pulumi
import pulumi_kubernetes as kubernetes

from infra.naming import NAMESPACE, PROJECT_ROOT

DASHBOARDS = PROJECT_ROOT / "dashboards"


class Dashboards(pulumi.ComponentResource):
    """One ConfigMap for each file of ``dashboards/``, named after it."""

    names: list[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("litellm:observability:Dashboards", name, None, opts)
        files = sorted(DASHBOARDS.glob("*.json"))
        self.names = [file.stem for file in files]
        for file in files:
            kubernetes.core.v1.ConfigMap(
                file.stem,
                metadata={
                    "name": f"dashboard-{file.stem}",
                    "namespace": NAMESPACE,
                    # The label that the sidecar of Grafana's own chart watches by default.
                    "labels": {"grafana_dashboard": "1"},
                    "annotations": {"grafana_folder": "LiteLLM"},
                },
                data={file.name: file.read_text()},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
