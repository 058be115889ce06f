"""The stack that is examined, and what several checks ask of it, each asked once."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from infra.naming import EXTERNAL_SECRETS_NAMESPACE, NAMESPACE, Naming
from infra.settings import Settings
from ops.deployments.deployment import PROXY_DEPLOYMENT, Deployment, DeploymentError
from ops.doctor.in_cluster import Probe
from ops.state.stack_state import resources
from sandbox.kube_api import ApiError, KubeApi

T = TypeVar("T")


class Once:
    """Answers that are asked for by many threads and fetched by the first one.

    Who comes later gets the same answer, or the same error.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._answers: dict[str, Any] = {}
        self._errors: dict[str, Exception] = {}

    def get(self, name: str, fetch: Callable[[], T]) -> T:
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name in self._errors:
                raise self._errors[name]
            if name not in self._answers:
                try:
                    self._answers[name] = fetch()
                except Exception as error:
                    self._errors[name] = error
                    raise
            return self._answers[name]


class RunningStack:
    """One stack under examination; every method may raise what its source raises.

    ``stopping`` is set when nobody waits for the checks any more: what they made goes then.
    """

    def __init__(
        self,
        deployment: Deployment,
        settings: Settings,
        *,
        told: Callable[[str], None] = lambda _: None,
        now: datetime | None = None,
        canary_model: str | None = None,
    ) -> None:
        self.deployment, self.settings, self.told = deployment, settings, told
        self.now = now or datetime.now(UTC)
        self.canary_model = canary_model
        self.stopping = threading.Event()
        self._once = Once()

    @cached_property
    def naming(self) -> Naming:
        return Naming.of(self.deployment.stack, self.settings)

    @property
    def kubernetes(self) -> KubeApi:
        return self._once.get("kubernetes", self.deployment.kubernetes)

    def aws(self, service: str, region: str | None = None) -> Any:
        """Return boto3's client of a service."""
        region = region or self.settings.aws.region
        return self._once.get(
            f"aws {service} {region}", lambda: self.deployment.aws(service, region)
        )

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state; secrets in it are encrypted."""
        return self._once.get("state", lambda: resources(self.deployment.state().export()))

    def ids(self, resource_type: str) -> list[str]:
        """Return the ids of the stack's resources of a type."""
        return [str(one["id"]) for one in self.resources if one["type"] == resource_type]

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs; DeploymentError for one that has never been brought up."""
        outputs = self._once.get("outputs", self.deployment.outputs)
        if not outputs:
            raise DeploymentError(f"stack {self.deployment.stack!r} has never been brought up")
        return outputs

    @property
    def namespaces(self) -> list[str]:
        """The namespaces in which the stack has pods."""
        bundled = self.settings.observability.bundled_namespace
        return [NAMESPACE, EXTERNAL_SECRETS_NAMESPACE, *([bundled] if bundled else [])]

    @property
    def gateway(self) -> dict[str, Any]:
        """The Deployment of the gateway's pods."""
        return self._once.get("gateway", lambda: self.kubernetes.get(PROXY_DEPLOYMENT))

    @property
    def seen_from_inside(self) -> Mapping[str, Any]:
        """What a pod with the gateway's own logins sees of database and cache."""
        return self._once.get(
            "probe", lambda: Probe(self.kubernetes, self.gateway, self.stopping).stores()
        )

    def everywhere(self, api_version: str, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the objects of a kind in all of the stack's namespaces."""
        for namespace in self.namespaces:
            path = self.kubernetes.collection_path(api_version, kind, namespace)
            try:
                yield from self.kubernetes.list(path)
            except ApiError as error:
                if error.status != 404:
                    raise

    def age_seconds(self, moment: str | datetime) -> float:
        """Return how long ago something was, by its time as the API server writes it."""
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        return (self.now - moment).total_seconds()


def told_age(seconds: float) -> str:
    """Return an age for people, such as ``3 h``."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
