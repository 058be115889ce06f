"""The agent's scrape configuration, read by Prometheus' own code."""

import subprocess
from pathlib import Path

import yaml

from infra.telemetry_agent import AgentContext, scrape
from sandbox import toolchain


def test_prometheus_accepts_the_scrape_configuration(tmp_path: Path) -> None:
    context = AgentContext(cluster="c", region="us-east-1", metric_namespace="LiteLLM/c")
    # Debian's build of Prometheus knows no pods to discover.
    job = {key: value for key, value in scrape(context).items() if key != "kubernetes_sd_configs"}
    file = tmp_path / "prometheus.yaml"
    file.write_text(yaml.safe_dump({"scrape_configs": [job]}))
    promtool = toolchain.ensure(["promtool"])["promtool"]
    done = subprocess.run(
        [promtool, "check", "config", "--syntax-only", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
