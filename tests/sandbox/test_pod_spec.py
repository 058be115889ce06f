import stat
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import Image
from sandbox.node import downward, environment, features, plan, recovery, roles, status, volumes
from sandbox.node.addresses import AddressPool
from sandbox.node.expansion import expand
from sandbox.node.files import write_volume
from sandbox.node.objects import MissingObject, Objects, Reference, TokenRequest
from sandbox.node.places import PodPlaces
from sandbox.node.volumes import File

API_SERVER = plan.ApiServer("127.64.0.1", 6443)
PLACES = PodPlaces(logs=Path("/state/pods/web"), files=Path("/state/run/web"))
IMAGE = Image(
    "image", "1", path=("/image/bin",), environment={"MODE": "image"}, entrypoint=("serve",),
    command=("--all",),
)  # fmt: skip
OBJECTS = Objects(
    {
        Reference("Secret", "credentials"): {"password": b"hunter2", "user": b"alice"},
        Reference("ConfigMap", "settings"): {"config.yaml": b"a: 1", "extra": b"2"},
    },
    {TokenRequest("sts.amazonaws.com", 86400): "a-token"},
)


def pod(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    main = {"name": "main", "image": "image:1", **container}
    metadata = {
        "name": "web-1",
        "namespace": "gateway",
        "uid": "u-1",
        "labels": {"app": "web"},
        "annotations": {"note": "a\nb"},
    }
    addresses = {"podIP": "127.64.16.2", "hostIP": "127.64.16.1"}
    return {"metadata": metadata, "spec": {"containers": [main], **spec}, "status": addresses}


def planned(container: dict[str, Any], image: Image = IMAGE, **spec: Any) -> plan.ProcessPlan:
    whole = pod(container, **spec)
    return plan.build(whole, whole["spec"]["containers"][0], image, OBJECTS, PLACES, API_SERVER)


def variables(*entries: dict[str, Any], **container: Any) -> dict[str, str]:
    whole = pod({"env": list(entries), **container})
    main = whole["spec"]["containers"][0]
    return environment.build(whole, main, OBJECTS, {}, lambda text: text)


def secret(key: str, **fields: Any) -> dict[str, Any]:
    return {"secretKeyRef": {"name": "credentials", "key": key, **fields}}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)/$(B)", "1/2"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(UNKNOWN) $A $", "$(UNKNOWN) $A $"),
        ("$(A", "$(A"),
    ],
)
def test_references_expand_as_in_kubernetes(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


def test_a_variable_refers_to_those_before_it_only() -> None:
    found = variables(
        {"name": "EARLY", "value": "$(LATE)"},
        {"name": "LATE", "valueFrom": secret("password")},
        {"name": "DSN", "value": "db://$(LATE)@host"},
    )
    assert found == {"EARLY": "$(LATE)", "LATE": "hunter2", "DSN": "db://hunter2@host"}


def test_a_value_from_a_secret_is_not_expanded() -> None:
    objects = Objects({Reference("Secret", "credentials"): {"password": b"a$(USER)$$b"}})
    whole = pod({"env": [{"name": "P", "valueFrom": secret("password")}]})
    main = whole["spec"]["containers"][0]
    assert environment.build(whole, main, objects, {}, str)["P"] == "a$(USER)$$b"


def test_a_whole_secret_becomes_prefixed_variables_which_single_ones_override() -> None:
    source = {"prefix": "DB_", "secretRef": {"name": "credentials"}}
    found = variables({"name": "DB_user", "value": "bob"}, envFrom=[source])
    assert found == {"DB_password": "hunter2", "DB_user": "bob"}


def test_an_optional_reference_to_what_is_not_there_leaves_the_variable_out() -> None:
    assert variables({"name": "P", "valueFrom": secret("absent", optional=True)}) == {}


def test_a_missing_key_is_named() -> None:
    with pytest.raises(MissingObject, match="couldn't find key absent in Secret credentials"):
        variables({"name": "P", "valueFrom": secret("absent")})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web-1"),
        ("metadata.labels['app']", "web"),
        ("metadata.annotations", 'note="a\\nb"'),
        ("status.podIP", "127.64.16.2"),
    ],
)
def test_a_field_of_the_pod_is_a_value(path: str, value: str) -> None:
    assert downward.field(pod({}), path) == value


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.memory", "divisor": "1Mi"}, "2048"),
        ({"resource": "requests.cpu"}, "1"),
        ({"resource": "requests.cpu", "divisor": "1m"}, "500"),
        ({"resource": "limits.cpu"}, "16"),
    ],
)
def test_a_resource_is_a_value_in_units_of_its_divisor(reference: Any, value: str) -> None:
    container = {"resources": {"limits": {"memory": "2Gi"}, "requests": {"cpu": "500m"}}}
    assert downward.resource(container, reference) == value


def test_image_defaults_hold_until_the_pod_says_otherwise() -> None:
    assert planned({}).command == ("serve", "--all")
    assert planned({"args": ["--one"]}).command == ("serve", "--one")
    assert planned({"command": ["run"]}).command == ("run",)


def test_the_environment_is_of_image_and_pod_alone() -> None:
    found = planned({"env": [{"name": "MODE", "value": "pod"}]}).environment
    assert found["MODE"] == "pod"
    assert found["PATH"].startswith("/image/bin:")
    assert found.keys() == {
        *("PATH", "HOME", "TMPDIR", "HOSTNAME", "MODE"),
        *API_SERVER.variables,
    }


def test_mount_paths_are_rewritten_wherever_they_start_a_path() -> None:
    found = planned(
        {
            "args": ["--config=/etc/app/config.yaml", "/etc/application", "http://host/etc/app"],
            "env": [{"name": "CERTIFICATE", "value": "sslcert=/etc/app/ca/root.pem&x=/etc/app"}],
            "volumeMounts": [
                {"name": "settings", "mountPath": "/etc/app"},
                {"name": "authorities", "mountPath": "/etc/app/ca/"},
            ],
        }
    )
    root = PLACES.volumes
    assert found.command[1:] == (
        f"--config={root}/settings/config.yaml",
        "/etc/application",
        "http://host/etc/app",
    )
    certificate = f"sslcert={root}/authorities/root.pem&x={root}/settings"
    assert found.environment["CERTIFICATE"] == certificate


def test_a_sub_path_is_part_of_the_real_place() -> None:
    mount = {"name": "settings", "mountPath": "/app/config.yaml", "subPath": "config.yaml"}
    found = planned({"args": ["/app/config.yaml"], "volumeMounts": [mount]})
    assert found.command[-1] == str(PLACES.volumes / "settings" / "config.yaml")


def test_a_mounted_directory_for_temporary_files_is_the_one_of_the_process() -> None:
    mount = {"name": "scratch", "mountPath": "/tmp"}  # noqa: S108
    found = planned({"volumeMounts": [mount]}).environment["TMPDIR"]
    assert found == str(PLACES.volumes / "scratch")


def test_an_image_that_wants_a_kubeconfig_needs_the_service_accounts_token() -> None:
    image = Image("image", "1", entrypoint=("run",), kubeconfig=True)
    mount = {"name": "token", "mountPath": plan.SERVICE_ACCOUNT_DIRECTORY}
    found = planned({"volumeMounts": [mount]}, image)
    assert found.environment["KUBECONFIG"] == str(PLACES.kubeconfig("main"))
    assert found.kubeconfig is not None
    assert str(PLACES.volumes / "token" / "token") in found.kubeconfig
    with pytest.raises(features.UnsupportedFeature, match="automountServiceAccountToken"):
        planned({}, image)


def test_a_volume_of_chosen_items_has_their_paths_and_modes() -> None:
    item = {"key": "password", "path": "a/b", "mode": 0o440}
    source = {"secretName": "credentials", "defaultMode": 0o644, "items": [item]}
    whole = pod({}, volumes=[{"name": "v", "secret": source}])
    assert volumes.build(whole, OBJECTS) == {"v": (File("a/b", b"hunter2", 0o400),)}


def test_a_projected_volume_holds_all_its_sources() -> None:
    label = {"path": "app", "fieldRef": {"fieldPath": "metadata.labels['app']"}}
    sources = [
        {"configMap": {"name": "settings"}},
        {"downwardAPI": {"items": [label]}},
        {"serviceAccountToken": {
            "path": "token", "audience": "sts.amazonaws.com", "expirationSeconds": 86400
        }},
        {"secret": {"name": "absent", "optional": True}},
    ]  # fmt: skip
    whole = pod({}, volumes=[{"name": "v", "projected": {"sources": sources}}])
    assert {file.path: file.content for file in volumes.build(whole, OBJECTS)["v"]} == {
        "config.yaml": b"a: 1",
        "extra": b"2",
        "app": b"web",
        "token": b"a-token",
    }


def test_files_of_a_volume_come_and_go_with_its_source(tmp_path: Path) -> None:
    write_volume(tmp_path, [File("old", b"1", 0o600), File("deep/kept", b"1", 0o400)])
    write_volume(tmp_path, [File("deep/kept", b"2", 0o400)])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / "deep" / "kept"]
    assert files[0].read_bytes() == b"2"
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o400


def test_a_role_gives_every_container_its_credentials() -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:role"}
    whole = pod({"env": [{"name": "AWS_REGION", "value": "eu-west-1"}]})
    changed = roles.with_role_credentials(whole, annotations, "us-east-1")
    main = changed["spec"]["containers"][0]
    found = environment.build(changed, main, OBJECTS, {}, str)
    assert found["AWS_ROLE_ARN"] == "arn:role"
    assert found["AWS_REGION"] == "eu-west-1"
    assert list(volumes.token_requests(changed)) == [TokenRequest("sts.amazonaws.com", 86400)]
    assert list(volumes.token_requests(whole)) == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"hostNetwork": True}, "spec.hostNetwork"),
        ({"volumes": [{"name": "d", "hostPath": {}}]}, r"spec.volumes\[0\].hostPath"),
        (
            {"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "c"}}]},
            r"spec.volumes\[0\].persistentVolumeClaim",
        ),
        ({"ephemeralContainers": [{"name": "d"}]}, "spec.ephemeralContainers"),
        ({"initContainers": [{"restartPolicy": "Always"}]}, "initContainers.*restartPolicy"),
    ],
)
def test_an_unknown_field_of_a_pod_is_refused_by_name(fields: Any, named: str) -> None:
    with pytest.raises(features.UnsupportedFeature, match=named):
        features.check(pod({}, **fields)["spec"])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ports": [{"containerPort": 80, "hostPort": 80}]}, r"ports\[0\].hostPort"),
        ({"lifecycle": {"postStart": {"httpGet": {}}}}, "lifecycle.postStart"),
        ({"livenessProbe": {"grpc": {"port": 1}}}, "livenessProbe.grpc"),
        ({"volumeMounts": [{"subPathExpr": "$(A)"}]}, r"volumeMounts\[0\].subPathExpr"),
        ({"env": [{"valueFrom": {"fileKeyRef": {}}}]}, r"env\[0\].valueFrom.fileKeyRef"),
    ],
)
def test_an_unknown_field_of_a_container_is_refused_by_name(fields: Any, named: str) -> None:
    with pytest.raises(features.UnsupportedFeature, match=named):
        features.check(pod(fields)["spec"])


def test_what_means_nothing_to_a_process_is_let_through() -> None:
    container = {"securityContext": {"runAsNonRoot": True}, "imagePullPolicy": "Always"}
    features.check(pod(container, hostNetwork=False, tolerations=[{"key": "a"}])["spec"])


def record(state: Any, **fields: Any) -> status.ContainerRecord:
    return status.ContainerRecord("main", "image:1", state, **fields)


def body(*records: status.ContainerRecord, **before: Any) -> dict[str, Any]:
    found = status.PodRecord([], records, "127.64.16.1", "127.64.16.2", "then")
    return found.body(before, generation=1)


def ended(code: int) -> status.Terminated:
    return status.Terminated(code, "Error", "then", "now")


def test_a_pod_runs_until_all_its_containers_are_done() -> None:
    done, running = record(ended(0), done=True), record(status.Running("then"))
    assert body(done, running)["phase"] == "Running"
    assert body(done)["phase"] == "Succeeded"
    assert body(done, record(ended(1), done=True))["phase"] == "Failed"
    assert body(record(status.Waiting("ContainerCreating")))["phase"] == "Pending"


def test_conditions_of_other_parties_and_times_of_change_are_kept() -> None:
    scheduled = {"type": "PodScheduled", "status": "True"}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "long-ago"}
    record_ = record(status.Running("then"), ready=True)
    conditions = body(record_, conditions=[scheduled, ready])["conditions"]
    assert scheduled in conditions
    assert ready in conditions


def test_a_container_that_ran_when_the_node_ended_counts_as_restarted() -> None:
    whole = pod({})
    state = {"running": {"startedAt": "then"}}
    whole["status"]["containerStatuses"] = [{"name": "main", "restartCount": 2, "state": state}]
    main = whole["spec"]["containers"][0]
    found = recovery.record_of(whole, main, "containers")
    assert (found.restarts, found.done) == (3, False)
    whole["spec"]["restartPolicy"] = "Never"
    found = recovery.record_of(whole, main, "containers")
    assert found.done
    assert isinstance(found.state, status.Terminated)
    assert found.state.exit_code == 137


def test_an_address_is_not_given_twice_and_rests_the_longest() -> None:
    pool = AddressPool("127.64.16")
    first, second = pool.take(), pool.take()
    pool.give_back(first)
    assert (first, second, pool.take()) == ("127.64.16.2", "127.64.16.3", "127.64.16.4")
    assert pool.take(wanted=first) == first
