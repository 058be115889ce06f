"""Faults in a cluster, made and undone; where the doctor's page says how, by its commands."""

import base64
import contextlib
import gzip
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doctor_page import Patient
from running_sandbox import DEPLOYMENT, NAMESPACE, RunningSandbox, eventually

from sandbox import toolchain

PLANTED = "Pl4nted-In-A-Log"
_JOB = "/apis/batch/v1/namespaces/litellm/cronjobs/secret-ages"
_TWO_HOURS = 7200


@contextlib.contextmanager
def pods_that_cannot_start(patient: Patient) -> Iterator[None]:
    """One without an image, and one that ends with secrets as its last words."""
    api = patient.sandbox.kubernetes
    template = api.get(DEPLOYMENT)["spec"]["template"]["spec"]
    (container,) = template["containers"]
    words = f"import os; print('password={PLANTED}', os.environ['LITELLM_MASTER_KEY']); os._exit(1)"
    containers: dict[str, dict[str, Any]] = {
        "cannot-start": {"image": "ghcr.io/berriai/litellm-non_root:no-such-tag"},
        "tells-secrets": {
            "image": container["image"],
            "command": ["python", "-uc", words],
            "env": [one for one in container["env"] if one["name"] == "LITELLM_MASTER_KEY"],
            "terminationMessagePolicy": "FallbackToLogsOnError",
        },
    }
    common = {"name": "one", "securityContext": container["securityContext"]}
    for name, more in containers.items():
        spec = {
            "securityContext": template["securityContext"],
            "automountServiceAccountToken": False,
            "containers": [{**common, **more}],
        }
        metadata = {"name": name, "annotations": {"note": f"password={PLANTED}"}}
        api.create(f"{NAMESPACE}/pods", {"metadata": metadata, "spec": spec})

    def waits(name: str) -> bool:
        (status,) = api.get(f"{NAMESPACE}/pods/{name}")["status"]["containerStatuses"]
        return "BackOff" in status["state"].get("waiting", {}).get("reason", "")

    try:
        for name in containers:
            eventually(lambda name=name: waits(name), wanted=f"{name} to wait")
        assert "ImagePullBackOff" in patient.do("pods", POD="cannot-start")[-1]
        yield
    finally:
        for name in containers:
            api.delete(f"{NAMESPACE}/pods/{name}", gracePeriodSeconds=0)


@contextlib.contextmanager
def stuck_release(patient: Patient) -> Iterator[None]:
    """A small release whose second revision was cut off, as its record says since two hours."""
    chart = patient.shell.folder / "stuck"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: stuck\nversion: 1.0.0\n")
    (chart / "templates" / "map.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stuck}\n"
    )
    for _ in range(2):
        _helm(patient.sandbox, "upgrade", "--install", "stuck", str(chart))
    _cut_off(patient.sandbox)
    try:
        yield
    finally:
        *_, told = patient.do("helm-releases", RELEASE="stuck")
        assert "uninstalled" in told


def _helm(sandbox: RunningSandbox, *arguments: str) -> None:
    subprocess.run(
        [str(helm_program()), "-n", "litellm", *arguments],
        env={"KUBECONFIG": str(sandbox.instance.kubeconfig), "HOME": "/nonexistent"},
        capture_output=True,
        check=True,
    )


def helm_program() -> Path:
    return toolchain.ensure(["helm"])["helm"]


def _cut_off(sandbox: RunningSandbox) -> None:
    path = f"{NAMESPACE}/secrets/sh.helm.release.v1.stuck.v2"
    record = base64.b64decode(base64.b64decode(sandbox.kubernetes.get(path)["data"]["release"]))
    release = json.loads(gzip.decompress(record))
    release["info"]["status"] = "pending-upgrade"
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    labels = {"status": "pending-upgrade", "modifiedAt": str(int(time.time()) - _TWO_HOURS)}
    data = {"release": base64.b64encode(packed).decode()}
    sandbox.kubernetes.patch(path, {"metadata": {"labels": labels}, "data": data})


@contextlib.contextmanager
def broken_external_secret(patient: Patient) -> Iterator[None]:
    api = patient.sandbox.kubernetes
    collection = "/apis/external-secrets.io/v1/namespaces/litellm/externalsecrets"
    (known, *_) = api.list(collection)
    broken = {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "broken"},
        "spec": {
            "secretStoreRef": known["spec"]["secretStoreRef"],
            "target": {"name": "broken"},
            "dataFrom": [{"extract": {"key": f"litellm/none/password={PLANTED}"}}],
        },
    }
    api.create(collection, broken)
    try:
        eventually(lambda: api.get(f"{collection}/broken")["status"]["conditions"])
        assert "broken" in patient.do("external-secrets")[0]
        yield
    finally:
        api.delete(f"{collection}/broken")


@contextlib.contextmanager
def namespace_that_does_not_go(patient: Patient) -> Iterator[None]:
    api, namespace = patient.sandbox.kubernetes, "/api/v1/namespaces/held"
    api.create("/api/v1/namespaces", {"metadata": {"name": "held"}})
    held = {"metadata": {"name": "held", "finalizers": ["example.com/nobody"]}}
    api.create(f"{namespace}/configmaps", held)
    api.delete(namespace)
    try:
        yield
    finally:
        patient.do("finalizers", NAMESPACE="held", OBJECT="configmap/held")


@contextlib.contextmanager
def suspended_job(patient: Patient) -> Iterator[None]:
    """A change by hand, which is drift as well."""
    api = patient.sandbox.kubernetes
    schedule = api.get(_JOB)["spec"]["schedule"]
    api.patch(_JOB, {"spec": {"suspend": True, "schedule": "0 0 1 1 *"}})
    try:
        listed, _ = patient.do("log-archive", JOB="gateway-migration")
        assert "secret-ages" in listed
        yield
    finally:
        api.patch(_JOB, {"spec": {"suspend": False, "schedule": schedule}})


@contextlib.contextmanager
def service_without_pods(patient: Patient) -> Iterator[None]:
    api = patient.sandbox.kubernetes
    path, label = f"{NAMESPACE}/services/gateway", "example.com/nobody"
    api.patch(path, {"spec": {"selector": {label: "here"}}})
    try:
        eventually(lambda: not targets(patient.sandbox), wanted="no targets")
        assert "gateway" in patient.do("target-health")[0]
        yield
    finally:
        api.patch(path, {"spec": {"selector": {label: None}}})
        eventually(lambda: targets(patient.sandbox), wanted="targets")


def targets(sandbox: RunningSandbox) -> list[Any]:
    elb = sandbox.aws("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    arn = group["TargetGroupArn"]
    return elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
