"""Faults are made on the running sandbox, several at once; the doctor names each and no secret."""

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_faults import no_backups, orphans
from cluster_faults import (
    PLANTED,
    broken_external_secret,
    helm_program,
    namespace_that_does_not_go,
    pods_that_cannot_start,
    service_without_pods,
    stuck_release,
    suspended_job,
)
from doctor_page import TOP, Patient
from runbook_shell import RunbookShell
from runbooks import Ran
from running_sandbox import RunningSandbox
from store_faults import (
    connections_in_use,
    failed_migration,
    little_cache_memory,
    spend_that_is_dropped,
)

from ops.deployments.sandboxed import SandboxDeployment
from ops.doctor.checks import CHECKS
from ops.doctor.examination import examine
from ops.doctor.findings import Result
from ops.doctor.redaction import hider_of
from ops.doctor.registry import chosen
from ops.doctor.report import Report
from ops.doctor.running_stack import RunningStack
from sandbox.kube_api import KubeApi

MODULE = "tests/end_to_end/test_doctor.py"
# So that few connections are many, that waiting is short, and that settings are not what there is.
CHANGES = {
    "monitoring.thresholds.databaseConnectionPercent": "5",
    "monitoring.thresholds.cacheMemoryPercent": "40",
    "observability.scrapeSeconds": "5",
    "budget.bedrockMonthlyUsd": "400",
    "gateway.image.digest": f"sha256:{'0' * 64}",
}
# What time alone brings.
LATER = ("rotation-age", "waivers", "kubernetes", "certificates")
NAMED = {
    "pods": "litellm/cannot-start waits: ImagePullBackOff",
    "images": "the settings say",
    "helm-releases": "release litellm/stuck is pending-upgrade",
    "finalizers": "namespace held is being deleted",
    "external-secrets": "ExternalSecret litellm/broken is not synced",
    "database-connections": "connections are in use",
    "migrations": "migration 20990101000000_never_ended began and did not end",
    "cache": "% of what there is",
    "canary": "the canary's spend is not in the database",
    "log-archive": "secret-ages is suspended",
    "backups": "has no automated backups",
    "budget": "the budget is 500.00 USD, the settings say 400.00",
    "orphans": "network interfaces that nothing uses",
    "drift": "CronJob secret-ages has changed",
}


@dataclass(frozen=True)
class Looked:
    """What the doctor said while the faults were there, and afterwards."""

    faults: Report
    later: Report
    without_pods: Report
    secrets: dict[str, str]


def look(
    deployment: SandboxDeployment, only: tuple[str, ...] = (), skip: tuple[str, ...] = (),
    **more: Any,
) -> Report:  # fmt: skip
    stack = RunningStack(deployment, deployment.settings(CHANGES), **more)
    checks = chosen(CHECKS, only, skip)
    examined = examine(stack, checks, hider_of(stack).hide)
    return Report(stack="sandbox", examined=examined)


@pytest.fixture(scope="module")
def patient(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    folder = tmp_path_factory.mktemp("doctor")
    shell = RunbookShell(sandbox.instance, folder, Ran(MODULE), {"HOME": str(folder)})
    (folder / "bin" / "helm").symlink_to(helm_program())
    # The shell's stand-in, which the sandbox would take for its own engine to look for drift.
    (folder / "bin" / "pulumi").unlink()
    return Patient(sandbox, shell)


@pytest.fixture(scope="module")
def looked(patient: Patient) -> Looked:
    with contextlib.ExitStack() as faults:
        for fault in (
            pods_that_cannot_start, stuck_release, broken_external_secret, suspended_job,
            namespace_that_does_not_go, no_backups, orphans, connections_in_use,
            failed_migration, spend_that_is_dropped, little_cache_memory,
        ):  # fmt: skip
            faults.enter_context(fault(patient))
        found = look(patient.deployment, skip=("target-health", *LATER))
    later = look(patient.deployment, only=LATER, now=datetime.now(UTC) + timedelta(days=4000))
    with service_without_pods(patient):
        without_pods = look(patient.deployment, only=("target-health",))
    return Looked(found, later, without_pods, patient.sandbox.secret_values())


def texts(report: Report, name: str) -> list[str]:
    (examined,) = [one for one in report.examined if one.check.name == name]
    return [one.text for one in examined.findings if one.result is not Result.OK]


@pytest.mark.parametrize("name", NAMED)
def test_a_fault_is_named_by_its_check(looked: Looked, name: str) -> None:
    assert any(NAMED[name] in text for text in texts(looked.faults, name))


def test_every_kind_of_orphan_is_named(looked: Looked) -> None:
    text = " ".join(texts(looked.faults, "orphans"))
    for kind in ("load balancers", "network interfaces", "security groups", "volumes"):
        assert f"{kind} that nothing uses" in text


@pytest.mark.parametrize("name", LATER)
def test_what_time_brings_is_named_by_its_check(looked: Looked, name: str) -> None:
    assert texts(looked.later, name)


def test_a_service_without_pods_has_no_targets(looked: Looked) -> None:
    assert "has no targets" in texts(looked.without_pods, "target-health")[0]
    assert looked.without_pods.exit_code == 1


def test_the_canary_is_seen_where_delivery_works(looked: Looked) -> None:
    (canary,) = [one for one in looked.faults.examined if one.check.name == "canary"]
    well = [one.text for one in canary.findings if one.result is Result.OK]
    assert "the bucket has its log" in well
    assert "Prometheus counts it" in well


def test_no_secret_is_in_what_the_doctor_says(looked: Looked) -> None:
    assert any("litellm/tells-secrets" in text for text in texts(looked.faults, "pods"))
    for printed in (looked.faults.as_text(), json.dumps(looked.faults.as_document())):
        assert PLANTED not in printed
        assert [name for name, value in looked.secrets.items() if value in printed] == []


def test_a_lost_api_server_is_named_and_the_others_still_tell(sandbox: RunningSandbox) -> None:
    class WithoutCluster(SandboxDeployment):
        def kubernetes(self) -> KubeApi:
            name = "nowhere"
            return KubeApi.from_configuration(
                {
                    "current-context": name,
                    "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                    "users": [{"name": name, "user": {}}],
                    "clusters": [{"name": name, "cluster": {"server": "https://127.0.0.1:9"}}],
                }
            )

    report = look(
        WithoutCluster(sandbox.instance),
        only=("kubernetes", "pods", "cache", "target-health", "backups", "rotation-age"),
    )
    results = {one.check.name: one.result for one in report.examined}
    assert results == {
        "kubernetes": Result.FAILED,
        "pods": Result.UNKNOWN,
        "cache": Result.UNKNOWN,
        "target-health": Result.OK,
        "backups": Result.OK,
        "rotation-age": Result.OK,
    }


def test_a_healthy_sandbox_is_all_well(patient: Patient, looked: Looked) -> None:
    """Also when the faults have been there a moment ago; every command ends with 0."""
    del looked
    whole, some, as_data = patient.do(TOP)
    assert whole.splitlines()[-1] == f"sandbox: {len(CHECKS)} ok"
    assert some.splitlines()[-1] == "sandbox: 2 ok"
    assert json.loads(as_data)["result"] == "ok"


def test_nothing_of_the_doctor_is_left(sandbox: RunningSandbox, looked: Looked) -> None:
    del looked
    with sandbox.admin() as admin:
        keys = admin.get("/key/list", params={"size": 100, "return_full_object": True}).json()
    assert [k for k in keys["keys"] if (k["key_alias"] or "").startswith("ops-doctor-")] == []
    for namespace in ("litellm", "monitoring"):
        jobs = sandbox.kubernetes.list(f"/apis/batch/v1/namespaces/{namespace}/jobs")
        names = [job["metadata"]["name"] for job in jobs]
        assert [name for name in names if name.startswith("ops-doctor-")] == []


def test_every_command_of_the_page_was_run(patient: Patient, looked: Looked) -> None:
    del looked
    assert patient.ran.missing() == []
