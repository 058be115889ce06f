"""Asks database, cache and Prometheus from inside the cluster, where alone they answer.

A Job in LiteLLM's own image, with the logins that the gateway's pods have, runs one program and
tells what it found in its termination message, which the API server hands out: no port is opened
to the outside, and no secret comes out. docs/decisions/doctor.md
"""

import json
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.naming import DOCTOR, NAMESPACE
from ops.deployments.deployment import DeploymentError
from sandbox.kube_api import KubeApi

_NAME = "doctor"
_PROGRAM = Path(__file__).with_name("in_cluster_program.py")
_LOGINS = ("DATABASE_", "REDIS_", "SSL_")
# A node may have to come and pull the image first.
_START_SECONDS = 180
_POLL_SECONDS = 0.5
# A program's own time limits end before.
_PROGRAM_SECONDS = 60


class Probe:
    """The Job, made from the Deployment of the gateway. Nothing of it is left afterwards."""

    def __init__(self, api: KubeApi, gateway: Mapping[str, Any], stopping: threading.Event) -> None:
        self._api, self._stopping = api, stopping
        self._pod = gateway["spec"]["template"]["spec"]
        (self._container,) = self._pod["containers"]

    def stores(self) -> dict[str, Any]:
        """Return what the gateway's logins see of database and cache; DeploymentError if nothing.

        ``database``, ``migrations``, ``cache`` and ``certificates`` are mappings; each has
        ``error`` where it could not be asked.
        """
        logins = [one for one in self._container["env"] if one["name"].startswith(_LOGINS)]
        return self._run(NAMESPACE, "stores", logins, seconds=_PROGRAM_SECONDS, stores=True)

    def prometheus(self, namespace: str, url: str, query: str, seconds: float) -> dict[str, Any]:
        """Return the ``series`` of a query as soon as there is one, or ``error`` after a while.

        The Job runs in Prometheus's own namespace, whose policies let no others ask.
        """
        asked = {"PROMETHEUS": url, "QUERY": query, "SECONDS": str(int(seconds))}
        variables = [{"name": name, "value": value} for name, value in asked.items()]
        return self._run(namespace, "prometheus", variables, seconds=seconds + _PROGRAM_SECONDS)

    def _run(
        self,
        namespace: str,
        question: str,
        variables: Sequence[Any],
        *,
        seconds: float,
        stores: bool = False,
    ) -> dict[str, Any]:
        jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        name = f"ops-doctor-{secrets.token_hex(4)}"
        self._api.create(jobs, self._job(name, question, variables, seconds, stores=stores))
        try:
            return self._answer(namespace, name, _START_SECONDS + seconds)
        finally:
            self._api.delete(f"{jobs}/{name}")

    def _answer(self, namespace: str, job: str, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        told = "no pod"
        while time.monotonic() < deadline and not self._stopping.is_set():
            for pod in self._api.list(
                f"/api/v1/namespaces/{namespace}/pods",
                labelSelector=f"batch.kubernetes.io/job-name={job}",
            ):
                for status in pod["status"].get("containerStatuses", []):
                    state = status["state"]
                    if ended := state.get("terminated"):
                        return _read(ended)
                    told = state.get("waiting", {}).get("reason", "running")
            time.sleep(_POLL_SECONDS)
        raise DeploymentError(
            f"the Job that asks from inside the cluster did not end within {seconds:.0f} s ({told})"
        )

    def _job(
        self, name: str, question: str, variables: Sequence[Any], seconds: float, *, stores: bool
    ) -> dict[str, Any]:
        certificates = [
            volume
            for volume in self._pod.get("volumes", [])
            if stores and volume["name"] == "certificates"
        ]
        mounted = {volume["name"] for volume in certificates}
        container = {
            "name": _NAME,
            "image": self._container["image"],
            "command": ["python", "-c", _PROGRAM.read_text(), question],
            "env": list(variables),
            "resources": {
                "requests": {"cpu": "50m", "memory": "128Mi"},
                "limits": {"memory": "256Mi"},
            },
            "securityContext": self._container["securityContext"],
            "volumeMounts": [
                mount
                for mount in self._container.get("volumeMounts", [])
                if mount["name"] in mounted
            ],
        }
        placement = {
            key: self._pod[key] for key in ("nodeSelector", "tolerations") if key in self._pod
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "labels": DOCTOR},
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": int(_START_SECONDS + seconds),
                # Should nobody be left to delete it.
                "ttlSecondsAfterFinished": 60,
                "template": {
                    "metadata": {"labels": DOCTOR},
                    "spec": {
                        **placement,
                        "restartPolicy": "Never",
                        "automountServiceAccountToken": False,
                        "enableServiceLinks": False,
                        "securityContext": self._pod["securityContext"],
                        "containers": [container],
                        "volumes": certificates,
                    },
                },
            },
        }


def _read(ended: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(ended.get("message") or "")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DeploymentError(
            "the Job that asks from inside the cluster ended with exit code "
            f"{ended.get('exitCode')} and no answer"
        )
    return found
