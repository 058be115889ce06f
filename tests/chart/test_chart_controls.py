"""Controls 26 to 31 and 32 of the environment, on every pod that the chart makes."""

import pytest
from rendered_chart import Render, pod_specs, the

WORKLOADS = ("Deployment", "Job")


@pytest.mark.parametrize("kind", WORKLOADS)
def test_pods_run_as_a_user_who_is_not_root(render: Render, kind: str) -> None:
    context = pod_specs(render())[kind]["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == 65534


@pytest.mark.parametrize("kind", WORKLOADS)
def test_pods_have_the_runtime_s_seccomp_profile(render: Render, kind: str) -> None:
    assert pod_specs(render())[kind]["securityContext"]["seccompProfile"] == {
        "type": "RuntimeDefault"
    }


@pytest.mark.parametrize("kind", WORKLOADS)
def test_containers_cannot_gain_privileges(render: Render, kind: str) -> None:
    for container in pod_specs(render())[kind]["containers"]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_root_file_systems_are_read_only(render: Render, kind: str) -> None:
    for container in pod_specs(render())[kind]["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("kind", WORKLOADS)
def test_every_directory_that_litellm_writes_to_is_a_volume(render: Render, kind: str) -> None:
    spec = pod_specs(render())[kind]
    empty = {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
    (container,) = spec["containers"]
    mounts = {mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in empty}
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    for name in (
        "LITELLM_MIGRATION_DIR",
        "LITELLM_UI_PATH",
        "LITELLM_ASSETS_PATH",
        "PROMETHEUS_MULTIPROC_DIR",
        "TMPDIR",
    ):
        assert variables[name] in mounts


@pytest.mark.parametrize("kind", WORKLOADS)
def test_the_token_of_the_api_server_is_not_mounted(render: Render, kind: str) -> None:
    assert pod_specs(render())[kind]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("kind", WORKLOADS)
def test_other_services_do_not_reach_the_environment(render: Render, kind: str) -> None:
    assert pod_specs(render())[kind]["enableServiceLinks"] is False


@pytest.mark.parametrize("kind", WORKLOADS)
def test_memory_is_reserved_up_to_its_limit(render: Render, kind: str) -> None:
    for container in pod_specs(render())[kind]["containers"]:
        resources = container["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"]
        assert resources["requests"]["cpu"]


def test_a_worker_has_the_documented_floor_of_cpu_and_memory(render: Render) -> None:
    (container,) = pod_specs(render())["Deployment"]["containers"]
    assert container["resources"]["requests"] == {"cpu": "1", "memory": "4Gi"}


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_the_proxy_has_every_probe(render: Render, probe: str) -> None:
    (container,) = pod_specs(render())["Deployment"]["containers"]
    assert container[probe]["httpGet"]["port"] == "http"


def test_a_database_outage_takes_pods_out_of_service_and_does_not_restart_them(
    render: Render,
) -> None:
    (container,) = pod_specs(render())["Deployment"]["containers"]
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("readiness", "liveness")
    }
    assert paths == {"readiness": "/health/readiness", "liveness": "/health/liveliness"}


@pytest.mark.parametrize("kind", WORKLOADS)
def test_images_are_named_by_an_exact_version(render: Render, kind: str) -> None:
    for container in pod_specs(render())[kind]["containers"]:
        assert container["image"] == "ghcr.io/berriai/litellm-non_root:1.106.2"


@pytest.mark.parametrize("kind", WORKLOADS)
def test_a_digest_pins_the_image(render: Render, kind: str) -> None:
    digest = f"sha256:{'0a' * 32}"
    for container in pod_specs(render(image={"digest": digest}))[kind]["containers"]:
        assert container["image"].endswith(f":1.106.2@{digest}")


def test_there_are_two_pods_at_least(render: Render) -> None:
    assert the(render(), "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 2


def test_an_eviction_takes_one_pod_at_a_time(render: Render) -> None:
    assert the(render(), "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


def test_pods_are_spread_over_zones_and_hosts(render: Render) -> None:
    constraints = pod_specs(render())["Deployment"]["topologySpreadConstraints"]
    assert {item["topologyKey"]: item["whenUnsatisfiable"] for item in constraints} == {
        "topology.kubernetes.io/zone": "DoNotSchedule",
        "kubernetes.io/hostname": "ScheduleAnyway",
    }


def test_a_zone_gets_a_second_pod_when_the_wanted_zones_have_one(render: Render) -> None:
    spread = {"zone": "DoNotSchedule", "minimumZones": 3}
    hosts, zones = pod_specs(render(topologySpread=spread))["Deployment"][
        "topologySpreadConstraints"
    ]
    assert zones["minDomains"] == 3
    assert "minDomains" not in hosts


def test_pods_that_may_share_a_zone_are_asked_for_no_number_of_zones(render: Render) -> None:
    # The API server refuses minDomains beside ScheduleAnyway.
    spread = {"zone": "ScheduleAnyway", "minimumZones": 3}
    constraints = pod_specs(render(topologySpread=spread))["Deployment"][
        "topologySpreadConstraints"
    ]
    assert not [item for item in constraints if "minDomains" in item]


def test_the_chart_makes_no_object_that_its_migration_would_have_to_find(render: Render) -> None:
    assert {item["kind"] for item in render()} == {
        "Deployment",
        "HorizontalPodAutoscaler",
        "Job",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
    }
