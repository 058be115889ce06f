"""The stand-in for kube-prometheus-stack, with the values of the program, in a real API server."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import versions
from infra.monitoring_values import GrafanaValues, MonitoringValues, chart_values
from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.providers.kubernetes.charts import SUBSTITUTES
from sandbox.toolchain import ensure

CHART = SUBSTITUTES / "kube-prometheus-stack"
NAMESPACE = "monitoring-tests"
ROLE = "arn:aws:iam::111122223333:role/litellm-sandbox-alertmanager"
VALUES = MonitoringValues(
    scrape_seconds=30,
    retention_days=15,
    volume_gib=50,
    memory_mib=2048,
    storage_class="monitoring",
    region="us-east-1",
    alertmanager_role_arn=ROLE,
    topic_arns=["arn:aws:sns:us-east-1:111122223333:alarms"],
    grafana=GrafanaValues(admin_secret="grafana-admin-1", url="https://grafana.example.com"),
)


def render(folder: Path, values: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    file = folder / "values.json"
    file.write_text(json.dumps(values))
    command = [str(ensure(["helm"])["helm"]), "template", "monitoring", str(CHART)]
    return subprocess.run(
        [*command, "--namespace", NAMESPACE, "--include-crds", "--values", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    done = render(tmp_path_factory.mktemp("values"), chart_values(VALUES))
    assert done.returncode == 0, done.stderr
    found = [obj for obj in yaml.safe_load_all(done.stdout) if obj]
    return {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in found}


@pytest.fixture(scope="module")
def api(cluster: Instance, rendered: dict[str, dict[str, Any]]) -> KubeApi:
    """An API server with a namespace under Pod Security and the operator's definitions."""
    api = KubeApi(cluster)
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": restricted}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, "tests")
    for obj in rendered.values():
        if obj["kind"] == "CustomResourceDefinition":
            api.apply(obj, "tests")
    deadline = time.monotonic() + 30
    while not all(_is_served(api, kind) for kind in ("Prometheus", "Alertmanager")):
        assert time.monotonic() < deadline, "the definitions are not served"
        time.sleep(0.05)
    return api


def _is_served(api: KubeApi, kind: str) -> bool:
    try:
        api.kind("monitoring.coreos.com/v1", kind)
    except ApiError:
        return False
    return True


def test_it_stands_for_the_version_that_the_program_pins() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == versions.KUBE_PROMETHEUS_STACK
    operators = {
        yaml.safe_load(file.read_text())["metadata"]["annotations"][
            "operator.prometheus.io/version"
        ]
        for file in (CHART / "crds").glob("*.yaml")
    }
    assert operators == {chart["appVersion"].removeprefix("v")}


def test_the_api_server_accepts_everything_that_the_programs_values_make(
    api: KubeApi, rendered: dict[str, dict[str, Any]]
) -> None:
    for obj in rendered.values():
        if obj["kind"] != "CustomResourceDefinition":
            api.apply(obj, "tests")


def test_prometheus_takes_monitors_and_rules_of_every_namespace(
    rendered: dict[str, dict[str, Any]],
) -> None:
    spec = rendered["Prometheus/monitoring-prometheus"]["spec"]
    for kind in ("serviceMonitor", "podMonitor", "rule"):
        assert spec[f"{kind}Selector"] == spec[f"{kind}NamespaceSelector"] == {}


def test_alertmanager_has_its_role(rendered: dict[str, dict[str, Any]]) -> None:
    account = rendered["ServiceAccount/alertmanager"]
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    spec = rendered["Alertmanager/monitoring-alertmanager"]["spec"]
    assert spec["serviceAccountName"] == "alertmanager"


def test_the_definition_refuses_what_the_operator_would(
    api: KubeApi, rendered: dict[str, dict[str, Any]]
) -> None:
    obj = rendered["Prometheus/monitoring-prometheus"]
    changed = {**obj, "spec": {**obj["spec"], "retentionSize": "10 GiB"}}
    with pytest.raises(ApiError, match="retentionSize"):
        api.apply(changed, "tests")


def test_a_value_that_is_not_known_is_refused_by_its_name(tmp_path: Path) -> None:
    values = chart_values(VALUES)
    values["prometheus"]["prometheusSpec"]["retentoin"] = "1d"
    done = render(tmp_path, values)
    assert done.returncode != 0
    assert "retentoin" in done.stderr


def test_a_default_password_cannot_slip_in(tmp_path: Path) -> None:
    values = chart_values(VALUES)
    values["grafana"]["admin"] = {"userKey": "username"}
    done = render(tmp_path, values)
    assert done.returncode != 0
    assert "existingSecret" in done.stderr
