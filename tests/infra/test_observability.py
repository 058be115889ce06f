"""The bundled monitoring, what an existing one gets, and how Grafana is reached."""

import json
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import problems_of, settings_of, with_changes

from infra import versions
from infra.alert_rules import rule_groups, rules_context
from infra.monitoring_network import MonitoringNetwork, monitoring_policies
from infra.monitoring_stack import publisher_policy
from infra.monitoring_values import (
    GrafanaValues,
    MonitoringValues,
    alertmanager_config,
    chart_values,
)
from infra.observability import service_monitor
from infra.setting_sections import IssuerSettings

ISSUER = {
    "url": "https://issuer.example",
    "authorizationEndpoint": "https://issuer.example/authorize",
    "tokenEndpoint": "https://issuer.example/token",
    "userInfoEndpoint": "https://issuer.example/userinfo",
}
SIGN_IN = {
    "signIn.issuer": ISSUER,
    "observability.grafana": {"adminGroup": "platform"},
    "suppliedSecrets": {
        "grafanaClient": {"1": {"clientId": "grafana", "clientSecret": "y"}},
    },
}
VALUES = MonitoringValues(
    scrape_seconds=30,
    retention_days=15,
    volume_gib=50,
    memory_mib=2048,
    storage_class="monitoring",
    region="us-east-1",
    alertmanager_role_arn="arn:aws:iam::111122223333:role/alertmanager",
    topic_arns=["arn:aws:sns:us-east-1:111122223333:one", "arn:aws:sns:us-east-1:111122223333:two"],
    grafana=GrafanaValues(admin_secret="grafana-admin-1"),
)


@pytest.fixture(scope="module")
def prod() -> list[Registered]:
    return run_program("prod", with_changes("prod", SIGN_IN))


@pytest.fixture(scope="module")
def existing() -> list[Registered]:
    changes = {
        "observability": {
            "monitoring": "existing",
            "namespace": "watchers",
            "labels": {"release": "prometheus"},
        },
        "loadBalancer.grafanaHostName": None,
    }
    return run_program("prod", with_changes("prod", changes))


@pytest.fixture(scope="module")
def unwatched() -> list[Registered]:
    changes = {"observability": {"monitoring": "none"}, "loadBalancer.grafanaHostName": None}
    return run_program("prod", with_changes("prod", changes))


def named(resources: list[Registered], suffix: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in of_type(resources, suffix) if one.name == name]
    return found.inputs


def kinds(resources: list[Registered]) -> set[str]:
    return {one.type for one in resources if "monitoring.coreos.com" in one.type}


# What is made


def test_the_chart_is_pinned_to_a_version_of_its_repository(prod: list[Registered]) -> None:
    release = named(prod, "Release", "monitoring")
    assert release["version"] == versions.KUBE_PROMETHEUS_STACK
    assert release["repositoryOpts"] == {"repo": versions.KUBE_PROMETHEUS_STACK_REPOSITORY}
    assert release["namespace"] == "monitoring"


def test_bundled_monitoring_has_a_namespace_under_pod_security(prod: list[Registered]) -> None:
    metadata = named(prod, "Namespace", "monitoring")["metadata"]
    assert metadata["labels"] == {"pod-security.kubernetes.io/enforce": "restricted"}


def test_volumes_are_encrypted_with_the_clusters_key_and_outlive_a_protected_stack(
    prod: list[Registered],
) -> None:
    storage = named(prod, "StorageClass", "monitoring")
    assert storage["provisioner"] == "ebs.csi.eks.amazonaws.com"
    assert storage["parameters"]["encrypted"] == "true"
    assert storage["parameters"]["kmsKeyId"].endswith("key/cluster")
    assert storage["reclaimPolicy"] == "Retain"


def test_a_disposable_stack_leaves_no_volume() -> None:
    resources = run_program("dev", with_changes("dev", {}))
    assert named(resources, "StorageClass", "monitoring")["reclaimPolicy"] == "Delete"


@pytest.mark.parametrize("fixture", ["prod", "existing"])
def test_prometheus_gets_a_monitor_rules_and_dashboards(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(fixture)
    assert {kind.rpartition(":")[2] for kind in kinds(resources)} == {
        "ServiceMonitor",
        "PrometheusRule",
    }
    shown = [
        one.inputs["metadata"]["labels"]
        for one in of_type(resources, "ConfigMap")
        if one.inputs["metadata"]["name"].startswith("dashboard-")
    ]
    assert shown
    assert all(labels == {"grafana_dashboard": "1"} for labels in shown)


def test_an_existing_stack_gets_nothing_else(existing: list[Registered]) -> None:
    assert [one.name for one in of_type(existing, "Release")] == ["external-secrets", "gateway"]
    assert not [one for one in existing if "grafana" in one.name or "alertmanager" in one.name]


def test_an_existing_stack_selects_by_labels_of_its_own(existing: list[Registered]) -> None:
    metadata = named(existing, "ServiceMonitor", "servicemonitor")["metadata"]
    assert metadata["labels"] == {"release": "prometheus"}


def test_only_the_namespace_of_an_existing_prometheus_reaches_the_metrics(
    existing: list[Registered],
) -> None:
    values = named(existing, "Release", "gateway")["values"]
    assert values["networkPolicy"]["monitoringNamespace"] == "watchers"


def test_without_monitoring_there_is_none(unwatched: list[Registered]) -> None:
    assert kinds(unwatched) == set()
    assert not [one for one in unwatched if "grafana" in one.name]


# How the gateway is asked


def test_scrapes_go_to_the_path_that_does_not_redirect() -> None:
    monitor = service_monitor(30, "prod")
    (endpoint,) = monitor["endpoints"]
    assert endpoint["path"] == "/metrics/"
    assert endpoint["port"] == "metrics"


def test_a_scrape_carries_no_token() -> None:
    (endpoint,) = service_monitor(30, "prod")["endpoints"]
    assert not {"authorization", "bearerTokenSecret", "basicAuth"} & endpoint.keys()


def test_series_say_of_which_stack_they_are() -> None:
    (endpoint,) = service_monitor(30, "prod")["endpoints"]
    assert endpoint["relabelings"] == [{"targetLabel": "environment", "replacement": "prod"}]


def test_the_rules_take_their_figures_from_the_settings() -> None:
    settings = settings_of("dev", {"observability.alerts": {"availabilityPercent": 99}})
    context = rules_context(settings)
    assert context.error_budget == 0.01
    assert context.daily_spend_usd == settings.monitoring.thresholds.daily_spend_usd
    assert len(rule_groups(context)) == 6


# Secrets


def test_grafanas_password_is_generated_and_synced_to_its_namespace_alone(
    prod: list[Registered],
) -> None:
    where = {
        one.inputs["metadata"]["name"]: one.inputs["metadata"]["namespace"]
        for one in of_type(prod, "ExternalSecret")
    }
    assert where["grafana-admin-1"] == where["grafana-client-1"] == "monitoring"
    others = {namespace for name, namespace in where.items() if "grafana" not in name}
    assert others == {"litellm"}


def test_the_store_serves_the_gateways_and_grafanas_namespaces(
    prod: list[Registered], existing: list[Registered]
) -> None:
    def served(resources: list[Registered]) -> list[str]:
        (store,) = of_type(resources, "ClusterSecretStore")
        (condition,) = store.inputs["spec"]["conditions"]
        namespaces: list[str] = condition["namespaces"]
        return namespaces

    assert served(prod) == ["litellm", "monitoring"]
    assert served(existing) == ["litellm"]


def test_the_gateways_pods_get_none_of_grafanas_secrets(prod: list[Registered]) -> None:
    values = named(prod, "Release", "gateway")["values"]
    assert not [one for one in values["secretEnvironment"] if "grafana" in one["secret"]]


def test_there_is_no_credential_in_the_charts_values(prod: list[Registered]) -> None:
    text = json.dumps(named(prod, "Release", "monitoring")["values"])
    assert "generated-grafana-admin-1" not in text
    assert "prom-operator" not in text
    assert "adminPassword" not in text


def test_alertmanager_may_publish_to_the_topics_and_nothing_else() -> None:
    statements = json.loads(publisher_policy(["arn:topic"], "arn:key"))["Statement"]
    assert [(one["Action"], one["Resource"]) for one in statements] == [
        (["sns:Publish"], ["arn:topic"]),
        (["kms:GenerateDataKey", "kms:Decrypt"], ["arn:key"]),
    ]


# The chart's values


def test_alerts_go_to_every_topic_of_the_alarms() -> None:
    (receiver,) = alertmanager_config(VALUES.topic_arns, "us-east-1")["receivers"]
    assert [one["topic_arn"] for one in receiver["sns_configs"]] == list(VALUES.topic_arns)
    assert all(one["sigv4"] == {"region": "us-east-1"} for one in receiver["sns_configs"])


def test_prometheus_keeps_room_for_its_log_on_the_volume() -> None:
    spec = chart_values(VALUES)["prometheus"]["prometheusSpec"]
    assert spec["retentionSize"] == "46080MB"
    assert spec["retention"] == "15d"


@pytest.mark.parametrize("part", ["nodeExporter", "kubelet", "kubeControllerManager", "kubeProxy"])
def test_what_auto_mode_does_not_offer_is_not_asked_for(part: str) -> None:
    assert chart_values(VALUES)[part] == {"enabled": False}


def test_the_sidecar_reads_no_secrets() -> None:
    sidecar = chart_values(VALUES)["grafana"]["sidecar"]
    assert sidecar["dashboards"]["resource"] == sidecar["datasources"]["resource"] == "configmap"


def test_every_container_has_requests_and_a_limit_of_memory() -> None:
    values = chart_values(VALUES)
    grafana = values["grafana"]
    for part in (
        values["prometheusOperator"],
        values["prometheus"]["prometheusSpec"],
        values["alertmanager"]["alertmanagerSpec"],
        values["kube-state-metrics"],
        grafana,
        grafana["sidecar"],
    ):
        resources = part["resources"]
        assert resources["requests"]["cpu"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]


def signed_in(admin_group: str | None) -> dict[str, Any]:
    grafana = GrafanaValues(
        admin_secret="grafana-admin-1",
        url="https://grafana.example.com",
        sign_in=IssuerSettings.model_validate(ISSUER),
        client_secret="grafana-client-2",
        admin_group=admin_group,
    )
    values: dict[str, Any] = chart_values(
        MonitoringValues(**{**VALUES.__dict__, "grafana": grafana})
    )["grafana"]
    return values


def test_grafana_signs_in_at_the_issuer_with_a_client_from_a_secret() -> None:
    values = signed_in(None)
    settings = values["grafana.ini"]["auth.generic_oauth"]
    assert settings["auth_url"] == ISSUER["authorizationEndpoint"]
    assert settings["use_pkce"] is True
    assert "client_secret" not in settings
    assert values["envValueFrom"]["GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET"] == {
        "secretKeyRef": {"name": "grafana-client-2", "key": "clientSecret"}
    }


@pytest.mark.parametrize(
    ("group", "path"),
    [
        (None, "'Viewer'"),
        ("platform", "contains(groups[*], 'platform') && 'Admin' || 'Viewer'"),
    ],
)
def test_whoever_is_not_named_an_administrator_only_reads(group: str | None, path: str) -> None:
    settings = signed_in(group)["grafana.ini"]["auth.generic_oauth"]
    assert settings["role_attribute_path"] == path


def test_grafana_admits_nobody_unknown() -> None:
    ini = chart_values(VALUES)["grafana"]["grafana.ini"]
    assert ini["auth.anonymous"] == {"enabled": False}
    assert ini["users"] == {"allow_sign_up": False}


# Network


NETWORK = MonitoringNetwork(
    namespace="monitoring",
    dns_address="172.20.0.10",
    api_addresses=["172.20.0.1/32", "10.0.0.0/18"],
)


def test_the_namespace_denies_by_default() -> None:
    assert monitoring_policies(NETWORK)["default-deny"] == {
        "pod_selector": {},
        "policy_types": ["Ingress", "Egress"],
    }


def test_prometheus_alone_reaches_the_gateway_and_only_its_metrics() -> None:
    policies = monitoring_policies(NETWORK)
    reaching = [name for name, policy in policies.items() if "litellm" in json.dumps(policy)]
    assert reaching == ["prometheus"]
    (rule,) = policies["prometheus"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 9090}]


def test_nobody_outside_reaches_grafana_without_a_name_for_it() -> None:
    policies = monitoring_policies(NETWORK)
    admitted = [
        peer
        for policy in policies.values()
        for rule in policy.get("ingress", [])
        for peer in rule["from"]
    ]
    assert admitted == [{"pod_selector": {}}]


def test_no_pod_reaches_the_credentials_of_its_node() -> None:
    open_ = [
        peer["ip_block"]
        for policy in monitoring_policies(NETWORK).values()
        for rule in policy.get("egress", [])
        for peer in rule["to"]
        if peer.get("ip_block", {}).get("cidr") == "0.0.0.0/0"
    ]
    assert open_
    assert all("169.254.169.254/32" in block["except"] for block in open_)


def test_the_load_balancer_reaches_grafana_by_its_name(prod: list[Registered]) -> None:
    rule = named(prod, "ListenerRule", "grafana-1")
    assert [list(condition) for condition in rule["conditions"]] == [["hostHeader"], ["sourceIp"]]
    assert rule["conditions"][0]["hostHeader"]["values"] == ["gateway-grafana.example.com"]
    binding = named(prod, "TargetGroupBinding", "grafana")
    assert binding["metadata"]["namespace"] == "monitoring"
    assert binding["spec"]["serviceRef"] == {"name": "monitoring-grafana", "port": 80}


def test_the_certificate_covers_grafanas_name(prod: list[Registered]) -> None:
    names = named(prod, "certificate:Certificate", "gateway")["subjectAlternativeNames"]
    assert "gateway-grafana.example.com" in names


def test_priorities_of_listener_rules_are_their_own(prod: list[Registered]) -> None:
    priorities = [one.inputs["priority"] for one in of_type(prod, "ListenerRule")]
    assert len(priorities) == len(set(priorities))


# Settings that do not go together


WRONG = [
    ({"observability.monitoring": "thanos"}, "observability.monitoring: Input should be 'bundled'"),
    ({"observability.retentionDays": 2}, "observability.retentionDays"),
    ({"observability.runbookUrl": "a page"}, "observability.runbookUrl"),
    ({"observability.labels": {"a b": "c"}}, "observability.labels"),
    ({"observability.alerts": {"availabilityPercent": 100}}, "alerts.availabilityPercent"),
    ({"observability.namespace": "litellm"}, "observability.namespace: litellm belongs to others"),
    (
        {"observability.monitoring": "none"},
        "loadBalancer.grafanaHostName: gateway-grafana.example.com would lead nowhere",
    ),
    (
        {"observability.grafana": {"adminGroup": "platform"}},
        "observability.grafana.adminGroup: 'platform' has no meaning without an issuer",
    ),
    (
        {"loadBalancer.grafanaHostName": "gateway.example.com"},
        "loadBalancer.grafanaHostName: gateway.example.com is the name of something else",
    ),
    (
        {"loadBalancer.adminCidrs": []},
        "loadBalancer.adminCidrs: is empty, so nobody would reach gateway-grafana.example.com",
    ),
    (
        {"loadBalancer.hostName": None},
        "loadBalancer.grafanaHostName: gateway-grafana.example.com needs a name for the API",
    ),
]


@pytest.mark.parametrize(("changes", "message"), WRONG, ids=lambda value: str(value)[:60])
def test_wrong_settings_are_named(changes: dict[str, Any], message: str) -> None:
    assert any(message in problem for problem in problems_of("prod", changes))


def test_signing_in_to_grafana_asks_for_its_client() -> None:
    problems = problems_of("prod", {**SIGN_IN, "suppliedSecrets": {}})
    assert any("suppliedSecrets.grafanaClient" in problem for problem in problems)
