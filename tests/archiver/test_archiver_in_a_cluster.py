"""The archiver's job as the cluster runs it: admitted, from its CronJob, with its own role."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from archiver_process import Archiver
from control_planes import running_control_plane
from pod_cluster import until
from recorded_program import Registered, run_program
from test_program import only
from test_settings import with_changes

from infra.archiver import REQUEST_COPY
from infra.naming import NAMESPACE
from sandbox import litellm_image
from sandbox.kube_api import KubeApi
from sandbox.node import pod_logs
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.providers.aws import local_moto
from sandbox.supervisor_client import ServiceSpec, SupervisorClient

INSTANCE = Instance("archiver-tests", 173)
KINDS = ("v1:Namespace", "v1:ServiceAccount", "v1:ConfigMap", "v1:NetworkPolicy", "v1:CronJob")
NAMES = ("gateway", "archiver", "certificate-authorities", REQUEST_COPY)


@pytest.fixture(scope="module")
def resources() -> list[Registered]:
    changes = {"cluster.architecture": "amd64", "aws.endpoint": local_moto.endpoint()}
    return run_program("dev", with_changes("dev", changes))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    litellm_image.ensure(print)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(tmp_path_factory.mktemp("sandboxes")))
        with running_control_plane(INSTANCE):
            supervisor = SupervisorClient(INSTANCE)
            supervisor.start(
                ServiceSpec(
                    name="node",
                    command=(
                        *(sys.executable, "-m", "sandbox.node"),
                        *("--name", INSTANCE.name, "--slot", str(INSTANCE.slot)),
                    ),
                    environment={"PYTHONPATH": str(PROJECT_ROOT)},
                )
            )
            yield KubeApi(INSTANCE)
            supervisor.stop("node")


def job_of(cron_job: dict[str, Any]) -> dict[str, Any]:
    """What ``kubectl create job --from=cronjob/…`` makes."""
    metadata = {"name": "by-hand", "namespace": NAMESPACE}
    template = cron_job["spec"]["jobTemplate"]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, **template}


def said(api: KubeApi) -> str:
    """What the job's pods said and how they ended."""
    pods = api.list(f"/api/v1/namespaces/{NAMESPACE}/pods")
    logs = "\n".join(log.read_text() for log in pod_logs(INSTANCE, "by-hand"))
    return f"{[pod['status'] for pod in pods]}\n{logs}"


def test_a_job_of_the_cron_job_copies_requests(api: KubeApi, resources: list[Registered]) -> None:
    chosen = [r for r in resources if r.type.endswith(KINDS) and r.name in NAMES]
    for resource in sorted(chosen, key=lambda r: not r.type.endswith("Namespace")):
        group = resource.type.removeprefix("kubernetes:").rpartition(":")[0]
        kind = resource.type.rpartition(":")[2]
        api_version = group.removeprefix("core/")
        api.apply({"apiVersion": api_version, "kind": kind, **resource.inputs}, field_manager="t")
    cron_job = only(chosen, "CronJob")
    container = cron_job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
    (bucket,) = [one["value"] for one in container["env"] if one["name"] == "BUCKET"]
    archiver = Archiver(bucket)
    line = b'{"id": "one", "call_type": "acompletion"}'
    archiver.s3.put_object(Bucket=bucket, Key="logs/team/2026-05-17/batch_1.jsonl", Body=line)
    api.apply(job_of(cron_job.inputs), field_manager="t")

    def succeeded() -> bool:
        job = api.get(f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/by-hand")
        assert not job.get("status", {}).get("failed"), said(api)
        return bool(job.get("status", {}).get("succeeded"))

    until(succeeded, 90)
    assert archiver.keys("requests/") == ["requests/date=2026-05-17/000000.parquet"]
