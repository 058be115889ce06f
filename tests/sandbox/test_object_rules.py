"""Rules of the kubernetes provider that need no cluster: paths, waiting, replacement, drift."""

from typing import Any

import pytest

from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.cluster import Settings, replaces
from sandbox.providers.kubernetes.drift import current_inputs
from sandbox.providers.kubernetes.json_path import JsonPathError, find
from sandbox.providers.kubernetes.readiness import check_for
from sandbox.providers.kubernetes.replacement import replaces as replaces_object
from sandbox.providers.properties import UNKNOWN, Path, Secret, decode, encode, path_text

DOCUMENT = {
    "metadata": {"labels": {"app.kubernetes.io/name": "web"}},
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Synced", "status": "False"}],
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.status.phase}", ["Running"]),
        (".status.conditions[0].type", ["Ready"]),
        ("{.status.conditions[-1].type}", ["Synced"]),
        ("{.status.conditions[*].status}", ["True", "False"]),
        ('{.status.conditions[?(@.type=="Synced")].status}', ["False"]),
        (r"{.metadata.labels.app\.kubernetes\.io/name}", ["web"]),
        ("{.metadata.labels['app.kubernetes.io/name']}", ["web"]),
        ("{.status.nothing.at.all}", []),
    ],
)
def test_a_json_path_finds_its_values(path: str, found: list[str]) -> None:
    assert find(path, DOCUMENT) == found


def test_a_json_path_that_is_not_understood_is_refused() -> None:
    with pytest.raises(JsonPathError, match="not understood at"):
        find("{.status[1:2]}", DOCUMENT)


@pytest.mark.parametrize("expression", ["ready", "condition", '["condition=Ready", 1]', "[", "[]"])
def test_a_wait_for_that_is_not_understood_is_refused(expression: str) -> None:
    annotations = {"pulumi.com/waitFor": expression}
    obj = {"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": annotations}}
    with pytest.raises(ProviderError, match=r"pulumi\.com/waitFor"):
        check_for(obj)


def test_skip_await_leaves_nothing_to_wait_for() -> None:
    metadata = {"annotations": {"pulumi.com/skipAwait": "true"}}
    assert check_for({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}) is None


@pytest.mark.parametrize(
    ("api_version", "kind", "path", "expected"),
    [
        ("v1", "ConfigMap", ("data", "key"), True),
        ("v1", "ConfigMap", ("metadata", "labels", "a"), False),
        ("v1", "ConfigMap", ("metadata", "name"), True),
        ("v1", "Secret", ("type",), True),
        ("v1", "Service", ("spec", "ports", 0), False),
        ("batch/v1", "Job", ("spec", "template", "spec"), True),
        ("batch/v1", "Job", ("spec", "backoffLimit"), False),
        ("apps/v1", "Deployment", ("spec", "template"), False),
        ("apps/v1", "Deployment", ("spec", "selector", "matchLabels", "a"), True),
        ("rbac.authorization.k8s.io/v1", "RoleBinding", ("roleRef", "name"), True),
        ("example.org/v1", "Secret", ("data", "key"), False),
    ],
)
def test_only_fields_that_cannot_change_replace(
    api_version: str, kind: str, path: Path, expected: bool
) -> None:
    obj = {"apiVersion": api_version, "kind": kind}
    assert replaces_object(path, obj, Settings()) is expected


def test_a_mutable_config_map_is_updated_unless_it_is_immutable_itself() -> None:
    settings = Settings(config_maps_mutable=True)
    obj: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap"}
    assert not replaces_object(("data",), obj, settings)
    assert replaces_object(("data",), {**obj, "immutable": True}, settings)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"clusterIdentifier": "a", "kubeconfig": "x"}, {"clusterIdentifier": "a"}, False),
        (
            {"clusterIdentifier": "a", "kubeconfig": "x"},
            {"clusterIdentifier": "a", "kubeconfig": UNKNOWN},
            False,
        ),
        ({"clusterIdentifier": "a"}, {"clusterIdentifier": "b"}, True),
        ({"kubeconfig": "x"}, {"kubeconfig": UNKNOWN}, True),
    ],
)
def test_the_cluster_identifier_alone_decides_about_another_cluster(
    old: dict[str, Any], new: dict[str, Any], expected: bool
) -> None:
    assert replaces(old, new) is expected


def test_what_the_api_server_makes_of_a_field_is_no_drift() -> None:
    inputs = {"spec": {"cpu": "1000m", "items": [{"name": "a", "value": "1"}]}}
    recorded = {"spec": {"cpu": "1", "added": True, "items": [{"name": "a", "value": "1"}]}}
    live = {**recorded, "status": {"seen": True}}
    assert current_inputs(inputs, recorded, live) == inputs


def test_an_element_is_told_by_its_name_when_a_list_has_grown() -> None:
    inputs = {"items": [{"name": "a", "value": "1"}]}
    recorded = {"items": [{"name": "a", "value": "1", "default": 0}]}
    live = {"items": [{"name": "new"}, {"name": "a", "value": "1", "default": 0}]}
    assert current_inputs(inputs, recorded, live) == {
        "items": [{"name": "new"}, {"name": "a", "value": "1"}]
    }


def test_a_secret_value_stays_secret_when_it_has_drifted() -> None:
    inputs = {"stringData": Secret({"password": "old"})}
    recorded, live = {"data": {"password": "b2xk"}}, {"data": {"password": "bmV3"}}
    found = current_inputs(inputs, recorded, live)
    assert found == {"stringData": Secret({"password": "new"})}
    assert "new" not in repr(found)


def test_properties_survive_the_wire() -> None:
    properties = {"a": Secret({"b": [1, 2.5, None, UNKNOWN, True]}), "c": UNKNOWN, "d": {"e": "f"}}
    assert decode(encode(properties)) == properties


def test_a_path_is_written_as_pulumi_writes_it() -> None:
    assert path_text(("data", "config.yaml")) == 'data["config.yaml"]'
    assert path_text(("spec", "ports", 0, "name")) == "spec.ports[0].name"
