"""How the proxy is started, fed, rolled and stopped."""

from rendered_chart import Render, pod_specs, proxy, the


def test_the_proxy_listens_on_its_own_address(render: Render) -> None:
    container = proxy(render())
    host = container["args"][container["args"].index("--host") + 1]
    assert host == "$(POD_IP)"
    assert container["env"][0]["name"] == "POD_IP"


def test_the_proxy_runs_one_worker(render: Render) -> None:
    arguments = proxy(render())["args"]
    assert arguments[arguments.index("--num_workers") + 1] == "1"


def test_the_configuration_comes_from_the_named_configmap(render: Render) -> None:
    objects = render()
    spec = the(objects, "Deployment")["spec"]["template"]["spec"]
    (volume,) = [item for item in spec["volumes"] if item["name"] == "config"]
    assert volume["configMap"]["name"] == "gateway-config-0123456789"
    arguments = proxy(objects)["args"]
    assert arguments[arguments.index("--config") + 1] == "/etc/gateway/config/config.yaml"


def test_connections_outlive_the_load_balancer_s_idle_timeout(render: Render) -> None:
    arguments = proxy(render(keepAliveSeconds=1000))["args"]
    assert arguments[arguments.index("--keepalive_timeout") + 1] == "1000"


def test_metrics_have_a_port_of_their_own(render: Render) -> None:
    objects = render(metrics={"port": 9191})
    container = proxy(objects)
    assert container["args"][container["args"].index("--prometheus_metrics_port") + 1] == "9191"
    assert {"name": "metrics", "containerPort": 9191} in container["ports"]
    assert {"name": "metrics", "port": 9191, "targetPort": "metrics"} in the(objects, "Service")[
        "spec"
    ]["ports"]


def test_secrets_are_referred_to_by_name(render: Render) -> None:
    variables = {item["name"]: item for item in proxy(render())["env"]}
    assert variables["LITELLM_MASTER_KEY"]["valueFrom"] == {
        "secretKeyRef": {"name": "master-key-1", "key": "key"}
    }


def test_a_variable_can_refer_to_a_secret_because_secrets_come_first(render: Render) -> None:
    names = [item["name"] for item in proxy(render())["env"]]
    assert names.index("DATABASE_PASSWORD") < names.index("DATABASE_URL")


def test_no_variable_stands_twice(render: Render) -> None:
    names = [item["name"] for item in proxy(render())["env"]]
    assert len(names) == len(set(names))


def test_pods_never_change_the_database_s_schema(render: Render) -> None:
    assert {"name": "DISABLE_SCHEMA_UPDATE", "value": "true"} in proxy(render())["env"]


def test_a_roll_takes_no_pod_away_before_a_new_one_is_ready(render: Render) -> None:
    spec = the(render(), "Deployment")["spec"]
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert spec["minReadySeconds"] == 30


def test_the_autoscaler_alone_sets_the_number_of_pods(render: Render) -> None:
    objects = render(autoscaling={"maximumReplicas": 9})
    assert "replicas" not in the(objects, "Deployment")["spec"]
    assert the(objects, "HorizontalPodAutoscaler")["spec"]["maxReplicas"] == 9


def test_the_autoscaler_follows_the_cpu(render: Render) -> None:
    (metric,) = the(render(), "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert metric["resource"] == {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 60},
    }


def test_without_an_autoscaler_the_number_of_pods_is_fixed(render: Render) -> None:
    objects = render(autoscaling={"enabled": False}, replicaCount=3)
    assert the(objects, "Deployment")["spec"]["replicas"] == 3
    assert "HorizontalPodAutoscaler" not in {item["kind"] for item in objects}


def test_the_drain_token_stays_out_of_the_pod_spec(render: Render) -> None:
    hook = proxy(render())["lifecycle"]["preStop"]
    assert set(hook) == {"exec"}
    assert 'os.environ["DRAIN_TOKEN"]' in hook["exec"]["command"][2]


def test_the_drain_waits_for_the_longest_request_and_for_the_load_balancer(render: Render) -> None:
    container = proxy(render(drain={"propagationSeconds": 40, "longestRequestSeconds": 300}))
    assert container["lifecycle"]["preStop"]["exec"]["command"][3:] == ["4000", "40", "300"]
    assert {"name": "GRACEFUL_SHUTDOWN_TIMEOUT", "value": "300"} in container["env"]


def test_the_grace_period_covers_drain_and_deregistration(render: Render) -> None:
    spec = the(render(), "Deployment")["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] >= 120 + 600


def test_the_pods_go_where_they_are_sent(render: Render) -> None:
    objects = render(
        nodeSelector={"kubernetes.io/arch": "arm64"},
        tolerations=[{"key": "gateway", "operator": "Exists"}],
        priorityClassName="gateway",
    )
    for kind in ("Deployment", "Job"):
        spec = the(objects, kind)["spec"]["template"]["spec"]
        assert spec["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
        assert spec["tolerations"] == [{"key": "gateway", "operator": "Exists"}]
        assert spec["priorityClassName"] == "gateway"


def test_the_service_selects_the_proxy_and_not_the_migration(render: Render) -> None:
    objects = render()
    selector = the(objects, "Service")["spec"]["selector"]
    labels = {
        kind: the(objects, kind)["spec"]["template"]["metadata"]["labels"]
        for kind in ("Deployment", "Job")
    }
    assert selector.items() <= labels["Deployment"].items()
    assert not selector.items() <= labels["Job"].items()


def test_a_token_for_others_is_mounted_for_the_proxy_alone(render: Render) -> None:
    token = {"name": "entra-id", "audience": "api://AzureADTokenExchange"}
    specs = pod_specs(render(identityTokens=[token]))
    (volume,) = [one for one in specs["Deployment"]["volumes"] if one["name"] == "identity-tokens"]
    (source,) = volume["projected"]["sources"]
    assert source["serviceAccountToken"]["audience"] == token["audience"]
    assert "identity-tokens" not in str(specs["Job"])


def test_a_pod_that_nobody_else_trusts_has_no_token(render: Render) -> None:
    assert "identity-tokens" not in str(render())


def test_callbacks_are_a_package_on_python_s_path(render: Render) -> None:
    objects = render(configMap={"hookFiles": ["__init__.py", "sinks.py"]})
    spec = the(objects, "Deployment")["spec"]["template"]["spec"]
    (volume,) = [item for item in spec["volumes"] if item["name"] == "hooks"]
    assert [item["path"] for item in volume["configMap"]["items"]] == [
        "proxy_hooks/__init__.py",
        "proxy_hooks/sinks.py",
    ]
    (mount,) = [item for item in proxy(objects)["volumeMounts"] if item["name"] == "hooks"]
    variables = {item["name"]: item.get("value") for item in proxy(objects)["env"]}
    assert variables["PYTHONPATH"] == mount["mountPath"]
    assert variables["PROXY_HOOKS_SETTINGS"] == "/etc/gateway/config/proxy_hooks.json"


def test_without_callbacks_there_is_nothing_on_python_s_path(render: Render) -> None:
    assert "PYTHONPATH" not in {item["name"] for item in proxy(render())["env"]}
