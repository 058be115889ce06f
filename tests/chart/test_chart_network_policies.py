"""Who reaches the pods, and what they reach."""

from typing import Any

from rendered_chart import Render, the


def policy(objects: list[dict[str, Any]], suffix: str) -> dict[str, Any]:
    spec: dict[str, Any] = the(objects, "NetworkPolicy", f"gateway-{suffix}")["spec"]
    return spec


def destinations(spec: dict[str, Any]) -> set[tuple[str, int]]:
    return {
        (peer["ipBlock"]["cidr"], port["port"])
        for rule in spec["egress"]
        for peer in rule.get("to", [])
        for port in rule["ports"]
    }


def test_nothing_is_allowed_by_default(render: Render) -> None:
    spec = policy(render(), "default-deny")
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    assert "egress" not in spec


def test_the_default_holds_for_every_pod_of_the_release(render: Render) -> None:
    objects = render()
    selector = policy(objects, "default-deny")["podSelector"]["matchLabels"]
    for kind in ("Deployment", "Job"):
        labels = the(objects, kind)["spec"]["template"]["metadata"]["labels"]
        assert selector.items() <= labels.items()


def test_only_the_load_balancer_s_networks_reach_the_proxy(render: Render) -> None:
    clients, _ = policy(render(), "proxy")["ingress"]
    assert clients == {
        "from": [{"ipBlock": {"cidr": "10.40.0.0/20"}}],
        "ports": [{"protocol": "TCP", "port": "http"}],
    }


def test_only_the_monitoring_namespace_reaches_the_metrics(render: Render) -> None:
    _, monitoring = policy(render(), "proxy")["ingress"]
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert monitoring["from"] == [{"namespaceSelector": selector}]
    assert monitoring["ports"] == [{"protocol": "TCP", "port": "metrics"}]


def test_the_proxy_reaches_cache_and_https_beside_the_database(render: Render) -> None:
    objects = render()
    assert destinations(policy(objects, "proxy")) == {("10.40.65.0/24", 6379), ("0.0.0.0/0", 443)}
    assert destinations(policy(objects, "database")) == {("10.40.64.0/24", 5432)}


def test_the_instance_metadata_is_out_of_reach(render: Render) -> None:
    *_, internet = policy(render(), "proxy")["egress"]
    # docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html has the second one.
    excluded = ["169.254.169.254/32", "169.254.170.23/32"]
    assert internet["to"][0]["ipBlock"]["except"] == excluded


def test_the_migration_reaches_dns_and_the_database_alone(render: Render) -> None:
    objects = render()
    labels = the(objects, "Job")["spec"]["template"]["metadata"]["labels"]
    chosen = [
        item["metadata"]["name"]
        for item in objects
        if item["kind"] == "NetworkPolicy"
        and item["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    ]
    assert chosen == ["gateway-default-deny", "gateway-database"]


def test_further_destinations_are_added_one_by_one(render: Render) -> None:
    objects = render(networkPolicy={"additional": [{"cidrs": ["192.0.2.7/32"], "port": 4566}]})
    assert ("192.0.2.7/32", 4566) in destinations(policy(objects, "proxy"))


def test_a_gateway_without_cache_gets_no_way_to_one(render: Render) -> None:
    objects = render(networkPolicy={"cache": {"cidrs": []}})
    assert destinations(policy(objects, "proxy")) == {("0.0.0.0/0", 443)}


def test_the_policies_can_be_left_out(render: Render) -> None:
    objects = render(networkPolicy={"enabled": False})
    assert "NetworkPolicy" not in {item["kind"] for item in objects}
