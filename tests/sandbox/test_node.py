import base64
import json
import os
import signal
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pod_cluster import (
    Cluster,
    ask,
    container,
    deployment,
    is_ready,
    main_status,
    pod_spec,
    running_cluster,
    server,
    state,
    until,
)
from pod_programs import KUBERNETES_IMAGE

from sandbox.kube_api import ApiError
from sandbox.node import pod_logs
from sandbox.paths import Instance


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(tmp_path_factory.mktemp("sandboxes")))
        with running_cluster(Instance("node-tests", 171)) as cluster:
            yield cluster


def ready(cluster: Cluster, name: str) -> dict[str, Any]:
    return cluster.wait_for_pod(name, is_ready)


def ended(cluster: Cluster, name: str) -> dict[str, Any]:
    return cluster.wait_for_pod(name, lambda p: p["status"].get("phase") in ("Succeeded", "Failed"))


def test_there_is_a_ready_node_in_each_zone(cluster: Cluster) -> None:
    def zones() -> list[str]:
        return sorted(
            node["metadata"]["labels"]["topology.kubernetes.io/zone"]
            for node in cluster.api.list("/api/v1/nodes")
            if is_ready(node)
        )

    until(lambda: zones() == ["us-east-1a", "us-east-1b", "us-east-1c"])


def test_every_pod_of_a_deployment_serves_on_an_address_of_its_own(cluster: Cluster) -> None:
    cluster.create("apps/v1", "Deployment", "many", spec=deployment("many", 3, server()))
    pods = until(lambda: p if len(p := [*filter(is_ready, cluster.pods("many"))]) == 3 else None)
    assert pods is not None
    assert len({pod["status"]["podIP"] for pod in pods}) == 3
    assert len({ask(pod)["pid"] for pod in pods}) == 3


def test_a_killed_process_is_replaced(cluster: Cluster) -> None:
    cluster.create("v1", "Pod", "killed", spec=server())
    pid = ask(ready(cluster, "killed"))["pid"]
    os.kill(pid, signal.SIGKILL)
    again = cluster.wait_for_pod(
        "killed", lambda pod: is_ready(pod) and main_status(pod)["restartCount"] == 1
    )
    assert ask(again)["pid"] != pid
    assert main_status(again)["lastState"]["terminated"]["exitCode"] == 137


def test_a_process_gets_the_variables_of_its_pod_and_none_of_the_machine(cluster: Cluster) -> None:
    cluster.create("v1", "Secret", "password", stringData={"password": "of-the-pod"})
    secret = {"name": "password", "key": "password"}
    variables = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": secret}},
        {"name": "DSN", "value": "db://user:$(PASSWORD)@host?cert=/etc/program/server.py"},
    ]
    cluster.create("v1", "Pod", "variables", spec=server(main={"env": variables}))
    environment = ask(ready(cluster, "variables"))["environment"]
    program = environment["DSN"].removeprefix("db://user:of-the-pod@host?cert=")
    assert Path(program).name == "server.py"
    assert Path(program).is_file()
    assert environment.keys() == {
        *("PATH", "HOME", "TMPDIR", "HOSTNAME", "LANG", "POD_IP", "PASSWORD", "DSN", "container"),
        *("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBERNETES_SERVICE_PORT_HTTPS"),
    }


def test_a_secret_of_the_environment_is_in_no_command_line(cluster: Cluster) -> None:
    cluster.create("v1", "Secret", "hidden", stringData={"password": "not-to-be-seen"})
    reference = {"secretKeyRef": {"name": "hidden", "key": "password"}}
    variables = [{"name": "PASSWORD", "valueFrom": reference}]
    cluster.create("v1", "Pod", "hiding", spec=server(main={"env": variables}))
    ready(cluster, "hiding")
    lines = [_read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not any(b"not-to-be-seen" in line for line in lines)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_pod_waits_for_its_secret_and_starts_with_it(cluster: Cluster) -> None:
    command = "import os; print(os.environ['WORD'])"
    main = container("-c", command, envFrom=[{"secretRef": {"name": "later"}}])
    cluster.create("v1", "Pod", "waiting", spec=pod_spec(main, restartPolicy="Never"))
    waiting = cluster.wait_for_pod("waiting", lambda pod: state(pod, "waiting").get("message"))
    assert state(waiting, "waiting") == {
        "reason": "CreateContainerConfigError",
        "message": 'secret "later" not found',
    }
    cluster.create("v1", "Secret", "later", stringData={"WORD": "here"})
    assert ended(cluster, "waiting")["status"]["phase"] == "Succeeded"


def test_a_job_succeeds_after_its_initial_containers(cluster: Cluster) -> None:
    shared = [{"name": "shared", "mountPath": "/shared"}]
    first = container("-c", "open('/shared/word', 'w').write('done')", volumeMounts=shared)
    second = container("-c", "assert open('/shared/word').read() == 'done'", volumeMounts=shared)
    spec = pod_spec(
        second,
        initContainers=[{**first, "name": "first"}],
        volumes=[{"name": "shared", "emptyDir": {}}],
        restartPolicy="Never",
    )
    cluster.create("batch/v1", "Job", "good", spec={"template": {"spec": spec}})
    path = "/apis/batch/v1/namespaces/default/jobs/good"
    until(lambda: cluster.api.get(path).get("status", {}).get("succeeded") == 1)


def test_a_failed_container_reports_its_exit_code_and_last_words(cluster: Cluster) -> None:
    main = container(
        "-c",
        "import sys; print('out of luck'); sys.exit(3)",
        terminationMessagePolicy="FallbackToLogsOnError",
    )
    cluster.create("v1", "Pod", "unlucky", spec=pod_spec(main, restartPolicy="Never"))
    pod = ended(cluster, "unlucky")
    assert pod["status"]["phase"] == "Failed"
    assert state(pod, "terminated")["exitCode"] == 3
    assert state(pod, "terminated")["message"] == "out of luck\n"


def test_a_container_that_crashes_again_and_again_waits_longer(cluster: Cluster) -> None:
    cluster.create("v1", "Pod", "crashing", spec=pod_spec(container("-c", "raise SystemExit(1)")))
    pod = cluster.wait_for_pod(
        "crashing", lambda p: state(p, "waiting").get("message", "").startswith("back-off 2s")
    )
    assert state(pod, "waiting")["reason"] == "CrashLoopBackOff"
    cluster.delete_pod("crashing")


def test_an_unknown_image_is_named_in_the_status(cluster: Cluster) -> None:
    main = {"name": "main", "image": "elsewhere/image:9"}
    cluster.create("v1", "Pod", "imageless", spec=pod_spec(main))
    pod = cluster.wait_for_pod("imageless", lambda p: state(p, "waiting").get("message"))
    assert state(pod, "waiting")["reason"] == "ImagePullBackOff"
    assert "elsewhere/image:9" in state(pod, "waiting")["message"]


def test_an_unsupported_field_is_named_in_the_status(cluster: Cluster) -> None:
    volumes = [{"name": "host", "hostPath": {"path": "/"}}]
    cluster.create("v1", "Pod", "unsupported", spec=pod_spec(container(), volumes=volumes))
    pod = cluster.wait_for_pod("unsupported", lambda p: state(p, "waiting").get("message"))
    assert "spec.volumes[0].hostPath" in state(pod, "waiting")["message"]
    cluster.delete_pod("unsupported")
    until(lambda: cluster.is_gone("unsupported"))


def test_a_container_that_is_not_alive_is_restarted(cluster: Cluster) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 1}
    liveness = {**probe, "failureThreshold": 2}
    startup = {**probe, "failureThreshold": 20}
    main = {"livenessProbe": liveness, "startupProbe": startup}
    cluster.create("v1", "Pod", "sick", spec=server(main=main))
    pod = ready(cluster, "sick")
    pid = ask(pod, "/break")["pid"]
    again = cluster.wait_for_pod(
        "sick", lambda p: is_ready(p) and main_status(p)["restartCount"] == 1
    )
    assert ask(again)["pid"] != pid


def test_a_pod_is_unready_while_its_probe_fails(cluster: Cluster) -> None:
    probe = {"exec": {"command": ["/bin/cat", "/shared/ready"]}, "periodSeconds": 1}
    program = "import time, pathlib; time.sleep(1); pathlib.Path('/shared/ready').touch()"
    main = container(
        "-c",
        f"{program}; time.sleep(60)",
        readinessProbe=probe,
        volumeMounts=[{"name": "shared", "mountPath": "/shared"}],
    )
    volumes = [{"name": "shared", "emptyDir": {}}]
    spec = pod_spec(main, volumes=volumes, terminationGracePeriodSeconds=1)
    cluster.create("v1", "Pod", "later-ready", spec=spec)
    cluster.wait_for_pod("later-ready", lambda p: state(p, "running") and not is_ready(p))
    ready(cluster, "later-ready")


def test_a_pod_that_another_called_unready_says_that_it_is_ready(cluster: Cluster) -> None:
    cluster.create("v1", "Pod", "called-unready", spec=server())
    ready(cluster, "called-unready")
    # As the node lifecycle controller does when a node was silent for a while.
    unready = {"type": "Ready", "status": "False"}
    path = "/api/v1/namespaces/default/pods/called-unready/status"
    changed = cluster.api.patch(path, {"status": {"conditions": [unready]}})
    assert not is_ready(changed)
    ready(cluster, "called-unready")


def test_a_deleted_pod_finishes_its_request_after_its_hook(cluster: Cluster) -> None:
    hook = ["/bin/sh", "-c", "date > /shared/hook"]
    main = {
        "lifecycle": {"preStop": {"exec": {"command": hook}}},
        "volumeMounts": [
            {"name": "program", "mountPath": "/etc/program"},
            {"name": "shared", "mountPath": "/shared"},
        ],
        "env": [{"name": "SHARED", "value": "/shared"}],
    }
    volumes = [{"name": "shared", "emptyDir": {}}]
    cluster.create("v1", "Pod", "draining", spec=server(main=main, volumes=volumes))
    pod = ready(cluster, "draining")
    shared = Path(ask(pod)["environment"]["SHARED"])
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, pod, "/slow?1.5")
        [log] = pod_logs(cluster.instance, "draining")
        until(lambda: "slow" in log.read_text())
        cluster.delete_pod("draining")
        until((shared / "hook").exists)
        assert answer.result()["pid"]
    until(lambda: cluster.is_gone("draining"))
    assert not shared.exists()


def test_a_process_that_ignores_its_end_is_killed_after_the_grace_period(cluster: Cluster) -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)"
    spec = pod_spec(container("-uc", stubborn), terminationGracePeriodSeconds=1)
    cluster.create("v1", "Pod", "stubborn", spec=spec)
    ready(cluster, "stubborn")
    cluster.delete_pod("stubborn")
    until(lambda: cluster.is_gone("stubborn"), patience=5)


def test_a_pod_past_its_deadline_fails(cluster: Cluster) -> None:
    main = container("-c", "import time; time.sleep(60)")
    spec = pod_spec(main, activeDeadlineSeconds=1, restartPolicy="Never")
    cluster.create("v1", "Pod", "overdue", spec=spec)
    assert ended(cluster, "overdue")["status"]["reason"] == "DeadlineExceeded"


def test_the_log_of_a_container_is_for_its_owner_only(cluster: Cluster) -> None:
    cluster.create("v1", "Pod", "logging", spec=server())
    ready(cluster, "logging")
    [log] = pod_logs(cluster.instance, "logging")
    assert log.read_text() == "serving\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_pod_reaches_the_api_server_with_its_own_credentials(cluster: Cluster) -> None:
    program = (
        "import json, os, ssl, urllib.request\n"
        "config = json.load(open(os.environ['KUBECONFIG']))\n"
        "cluster, user = config['clusters'][0]['cluster'], config['users'][0]['user']\n"
        "tls = ssl.create_default_context(cafile=cluster['certificate-authority'])\n"
        "review = {'apiVersion': 'authentication.k8s.io/v1', 'kind': 'SelfSubjectReview'}\n"
        "path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'\n"
        "headers = {'Authorization': 'Bearer ' + open(user['tokenFile']).read(),\n"
        "           'Content-Type': 'application/json'}\n"
        "url, body = cluster['server'] + path, json.dumps(review).encode()\n"
        "request = urllib.request.Request(url, body, headers)\n"
        "answer = json.load(urllib.request.urlopen(request, context=tls))\n"
        "open('/dev/termination-log', 'w').write(answer['status']['userInfo']['username'])\n"
    )
    main = container("-c", program, image=KUBERNETES_IMAGE)
    cluster.create("v1", "Pod", "client", spec=pod_spec(main, restartPolicy="Never"))
    message = state(ended(cluster, "client"), "terminated").get("message")
    assert message == "system:serviceaccount:default:default"


def test_a_service_account_with_a_role_gets_a_token_for_it(cluster: Cluster) -> None:
    role = "arn:aws:iam::123456789012:role/reader"
    account = {"name": "reader", "annotations": {"eks.amazonaws.com/role-arn": role}}
    cluster.create("v1", "ServiceAccount", "reader", metadata=account)
    cluster.create("v1", "Pod", "with-role", spec=server(serviceAccountName="reader"))
    environment = ask(ready(cluster, "with-role"))["environment"]
    token = Path(environment["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text()
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert environment["AWS_ROLE_ARN"] == role
    assert claims["aud"] == ["sts.amazonaws.com"]
    assert claims["sub"] == "system:serviceaccount:default:reader"


def test_pods_are_run_after_the_api_server_was_killed(cluster: Cluster) -> None:
    [server_] = [s for s in cluster.supervisor.status() if s.name == "kube-apiserver"]
    assert server_.pid is not None
    os.kill(server_.pid, signal.SIGKILL)
    until(lambda: _created(cluster, "after-the-outage"))
    ready(cluster, "after-the-outage")


def _created(cluster: Cluster, name: str) -> bool:
    try:
        cluster.create("v1", "Pod", name, spec=server())
    except ApiError:
        return False
    return True


def test_a_killed_node_agent_comes_back_to_the_same_pods(cluster: Cluster) -> None:
    cluster.create("v1", "Pod", "surviving", spec=server())
    before = ready(cluster, "surviving")
    pid = ask(before)["pid"]
    [agent] = [s for s in cluster.supervisor.status() if s.name == "node"]
    assert agent.pid is not None
    os.kill(agent.pid, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{pid}").exists())
    after = cluster.wait_for_pod(
        "surviving", lambda p: is_ready(p) and main_status(p)["restartCount"] == 1
    )
    assert after["status"]["podIP"] == before["status"]["podIP"]
    directory = ask(after)["environment"]["container"].encode()
    environments = [_read(path) for path in Path("/proc").glob("[0-9]*/environ")]
    assert sum(directory in environment for environment in environments) == 1
