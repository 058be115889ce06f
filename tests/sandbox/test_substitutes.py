"""What stands in for third-party charts and for EKS Auto Mode's definitions, in a real cluster."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.providers.kubernetes.charts import SUBSTITUTES
from sandbox.toolchain import ensure

CHART = SUBSTITUTES / "external-secrets"
NAMESPACE = "substitute-tests"


@pytest.fixture(scope="module")
def api(cluster: Instance) -> KubeApi:
    api = KubeApi(cluster)
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": restricted}
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, "tests")
    return api


def render(tmp_path: Path, **values: Any) -> "subprocess.CompletedProcess[str]":
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    helm = str(ensure(["helm"])["helm"])
    command = [helm, "template", "external-secrets", str(CHART)]
    return subprocess.run(
        [*command, "--namespace", NAMESPACE, "--values", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )


def objects(rendered: "subprocess.CompletedProcess[str]") -> dict[str, dict[str, Any]]:
    assert rendered.returncode == 0, rendered.stderr
    found = [obj for obj in yaml.safe_load_all(rendered.stdout) if obj]
    return {f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in found}


@pytest.fixture(scope="module")
def installed(api: KubeApi, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Everything of the chart, applied with strict field validation."""
    rendered = objects(render(tmp_path_factory.mktemp("values"), livenessProbe={"enabled": True}))
    for obj in sorted(rendered.values(), key=lambda obj: obj["kind"] != "CustomResourceDefinition"):
        api.apply(obj, "tests")
    deadline = time.monotonic() + 20
    kinds = ("ExternalSecret", "ClusterSecretStore")
    while not all(_is_served(api, kind) for kind in kinds):
        assert time.monotonic() < deadline, f"{kinds} are not served"
        time.sleep(0.05)
    return rendered


def _is_served(api: KubeApi, kind: str) -> bool:
    try:
        api.kind("external-secrets.io/v1", kind)
    except ApiError:
        return False
    return True


def test_the_controllers_pods_are_admitted_under_pod_security_restricted(
    api: KubeApi, installed: dict[str, Any]
) -> None:
    selector = "app.kubernetes.io/instance=external-secrets"
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    deadline = time.monotonic() + 20
    while not (pods := api.list(path, labelSelector=selector)):
        assert time.monotonic() < deadline, api.list(f"/api/v1/namespaces/{NAMESPACE}/events")
        time.sleep(0.05)
    assert pods[0]["spec"]["containers"][0]["image"].startswith("ghcr.io/external-secrets/")


def test_the_chart_carries_the_version_it_stands_for(installed: dict[str, Any]) -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    deployment = installed["Deployment/external-secrets"]
    image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == f"ghcr.io/external-secrets/external-secrets:v{chart['version']}"


def test_the_values_of_the_real_chart_reach_the_objects(tmp_path: Path) -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/external-secrets"}
    region = {"name": "AWS_REGION", "value": "us-east-1"}
    rendered = objects(
        render(
            tmp_path,
            installCRDs=False,
            replicaCount=2,
            concurrent=3,
            log={"level": "warn"},
            serviceAccount={"name": "reader", "annotations": role},
            extraEnv=[region],
            resources={"requests": {"cpu": "50m"}},
            podLabels={"team": "platform"},
            priorityClassName="high",
            podDisruptionBudget={"enabled": True, "minAvailable": 1},
            webhook={"create": False},
            certController={"create": False},
        )
    )
    assert not [name for name in rendered if name.startswith("CustomResourceDefinition/")]
    assert rendered["ServiceAccount/reader"]["metadata"]["annotations"] == role
    assert rendered["PodDisruptionBudget/external-secrets-pdb"]["spec"]["minAvailable"] == 1
    spec = rendered["Deployment/external-secrets"]["spec"]
    pod, container = spec["template"]["spec"], spec["template"]["spec"]["containers"][0]
    assert spec["replicas"] == 2
    assert spec["template"]["metadata"]["labels"]["team"] == "platform"
    assert (pod["serviceAccountName"], pod["priorityClassName"]) == ("reader", "high")
    assert region in container["env"]
    assert container["resources"] == {"requests": {"cpu": "50m"}}
    assert {"--concurrent=3", "--loglevel=warn"} <= set(container["args"])


def test_a_value_that_the_stand_in_does_not_know_is_refused_by_name(tmp_path: Path) -> None:
    rendered = render(tmp_path, scopedNamespace="elsewhere")
    assert rendered.returncode != 0
    assert "scopedNamespace" in rendered.stderr


def store(provider: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ClusterSecretStore",
        "metadata": {"name": "secrets-manager"},
        "spec": {"provider": provider, "conditions": [{"namespaces": [NAMESPACE]}]},
    }


def test_a_store_and_a_pinned_secret_are_accepted(api: KubeApi, installed: dict[str, Any]) -> None:
    aws = {"service": "SecretsManager", "region": "us-east-1"}
    api.apply(store({"aws": aws}), "tests", dry_run=True)
    reference = {"key": "gateway/master-key", "version": "uuid/0f4b1c9e"}
    external_secret = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "master-key-1", "namespace": NAMESPACE},
        "spec": {
            "refreshPolicy": "CreatedOnce",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "secrets-manager"},
            "target": {"name": "master-key-1", "immutable": True},
            "data": [{"secretKey": "value", "remoteRef": reference}],
        },
    }
    api.apply(external_secret, "tests", dry_run=True)


def test_a_store_of_a_provider_that_is_not_built_in_is_refused(
    api: KubeApi, installed: dict[str, Any]
) -> None:
    with pytest.raises(ApiError, match="vault"):
        api.apply(store({"vault": {"server": "https://vault.example.org"}}), "tests", dry_run=True)


def binding(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "eks.amazonaws.com/v1",
        "kind": "TargetGroupBinding",
        "metadata": {"name": "gateway", "namespace": NAMESPACE},
        "spec": {"serviceRef": {"name": "gateway", "port": "http"}, "targetType": "ip", **spec},
    }


def node_class(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "eks.amazonaws.com/v1",
        "kind": "NodeClass",
        "metadata": {"name": "gateway"},
        "spec": {
            "role": "gateway-node",
            "subnetSelectorTerms": [{"id": "subnet-0123456789abcdef0"}],
            "securityGroupSelectorTerms": [{"tags": {"Name": "gateway"}}],
            "networkPolicy": "DefaultAllow",
            "ephemeralStorage": {"size": "80Gi", "kmsKeyID": "alias/nodes"},
            "advancedNetworking": {"associatePublicIPAddress": False},
            **spec,
        },
    }


def node_pool(**template: Any) -> dict[str, Any]:
    node_class = {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "gateway"}
    requirement = {"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}
    specification = {"nodeClassRef": node_class, "requirements": [requirement], **template}
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": {"name": "gateway"},
        "spec": {"template": {"spec": specification}, "limits": {"cpu": "64"}},
    }


ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gateway/0123456789abcdef"


@pytest.mark.parametrize(
    "obj", [binding(targetGroupARN=ARN), node_class(), node_pool()], ids=lambda obj: obj["kind"]
)
def test_what_auto_mode_documents_is_accepted(api: KubeApi, obj: dict[str, Any]) -> None:
    assert api.apply(obj, "tests", dry_run=True)["kind"] == obj["kind"]


@pytest.mark.parametrize(
    ("obj", "named"),
    [
        (binding(targetGroupName="gateway"), "targetGroupName"),
        (binding(), "targetGroupARN"),
        (binding(targetGroupARN="arn:aws:s3:::bucket"), "targetGroupARN"),
        (node_class(networkPolicy="Deny"), "networkPolicy"),
        (node_class(tags={"karpenter.sh/nodepool": "x"}), "EKS sets this tag itself"),
        (node_class(subnets=["subnet-1"]), "subnets"),
        (node_pool(nodeClassRef={"name": "gateway"}), "nodeClassRef"),
        (node_pool(require=[]), "require"),
    ],
)
def test_what_auto_mode_does_not_know_is_refused_by_name(
    api: KubeApi, obj: dict[str, Any], named: str
) -> None:
    with pytest.raises(ApiError, match=named):
        api.apply(obj, "tests", dry_run=True)
