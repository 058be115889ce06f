"""Which epoch the pods of a family have, and the wait until all have another."""

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

from infra.monitoring_values import GRAFANA_SERVICE
from infra.naming import NAMESPACE, RELEASE
from infra.secret_families import GRAFANA_ADMIN, SecretFamily
from infra.settings import Settings
from ops.deployments.deployment import DeploymentError
from ops.deployments.pods import is_ready
from sandbox.kube_api import ApiError, KubeApi

_ENDED = ("Succeeded", "Failed")


class PodsOfFamily:
    """The pods that read a family, through the Deployment that makes them.

    ``deployment`` is None where no pod reads it, or its Deployment is not there.
    """

    def __init__(self, api: KubeApi, settings: Settings, family: SecretFamily) -> None:
        self._api, self._family = api, family
        self._namespace, self._name = NAMESPACE, RELEASE
        if family.reader == "grafana":
            self._namespace = settings.observability.bundled_namespace or NAMESPACE
            self._name = GRAFANA_SERVICE
        self._read = bool(family.environment) or family is GRAFANA_ADMIN

    @property
    def deployment(self) -> dict[str, Any] | None:
        if not self._read:
            return None
        path = f"/apis/apps/v1/namespaces/{self._namespace}/deployments/{self._name}"
        try:
            return self._api.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def value(self, epoch: int, field: str) -> str | None:
        """Return a field of an epoch's Secret, never to be printed; None if it is not there."""
        path = f"/api/v1/namespaces/{self._namespace}/secrets/{self._family.secret_name(epoch)}"
        try:
            return base64.b64decode(self._api.get(path)["data"][field]).decode()
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def names(self, epoch: int) -> bool:
        """Whether new pods are made with an epoch."""
        deployment = self.deployment
        return deployment is not None and self._family.secret_name(epoch) in secrets_of(
            deployment["spec"]["template"]["spec"]
        )

    def wait_for(self, epoch: int, seconds: float, report: Callable[[str], None]) -> int:
        """Return the number of pods once all have an epoch, are ready, and no other pod is left.

        Raises DeploymentError after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while True:
            deployment = self.deployment
            if deployment is None:
                return 0
            wanted, ready, left = self._state(deployment, epoch)
            if ready == wanted and not left:
                return ready
            told = f"{ready} of {wanted} pods are ready with epoch {epoch}, {left} with another"
            report(told)
            if time.monotonic() > deadline:
                raise DeploymentError(
                    f"{told} after {seconds:.0f} s; see their events, and run the command again"
                )
            time.sleep(1)

    def _state(self, deployment: dict[str, Any], epoch: int) -> tuple[int, int, int]:
        """Pods that should be, that are ready with the epoch, and that have another one."""
        labels = deployment["spec"]["selector"]["matchLabels"]
        pods = [
            pod
            for pod in self._api.list(
                f"/api/v1/namespaces/{self._namespace}/pods",
                labelSelector=",".join(f"{name}={value}" for name, value in labels.items()),
            )
            if pod["status"].get("phase") not in _ENDED
        ]
        name = self._family.secret_name(epoch)
        current = [
            pod
            for pod in pods
            if name in secrets_of(pod["spec"]) and "deletionTimestamp" not in pod["metadata"]
        ]
        ready = sum(is_ready(pod) for pod in current)
        wanted = max(deployment["spec"].get("replicas", 1), len(current))
        return wanted, ready, sum(name not in secrets_of(pod["spec"]) for pod in pods)

    def variable(self, name: str) -> str | None:
        """Return a plain environment variable of new pods; None if they have none of this name."""
        for entry in _variables((self.deployment or {})["spec"]["template"]["spec"]):
            if entry["name"] == name:
                return entry.get("value")
        return None


def secrets_of(pod_spec: dict[str, Any]) -> set[str]:
    """Return the names of the Secrets from which a pod takes variables."""
    return {
        entry["valueFrom"]["secretKeyRef"]["name"]
        for entry in _variables(pod_spec)
        if "secretKeyRef" in entry.get("valueFrom", {})
    }


def _variables(pod_spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for container in pod_spec["containers"]:
        yield from container.get("env", [])
