"""What a command may ask of a stack that runs, and do to it, wherever it runs."""

import base64
from collections.abc import Mapping
from typing import Any, Protocol

from infra.naming import NAMESPACE
from infra.settings import Settings
from sandbox.kube_api import KubeApi
from sandbox.outcome import Outcome
from sandbox.stack_operations import Report

# Setting → YAML text, such as ``rotation.masterKey`` → ``"3"``.
Changes = Mapping[str, str]

PROXY_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/gateway"


class DeploymentError(Exception):
    """A stack cannot be reached, or does not run; the message says what to do."""


class Deployment(Protocol):
    """One stack and the ways to it.

    Nothing is changed but by ``keep`` and ``up``. Every operation of the engine raises EngineError
    with the engine's words, every other method DeploymentError.
    """

    @property
    def stack(self) -> str:
        """The stack's name."""
        ...

    def settings(self, changes: Changes | None = None) -> Settings:
        """Return its settings as they are, or would be with ``changes``; raise SettingsError."""
        ...

    def keep(self, changes: Changes) -> None:
        """Write changes into the stack's configuration, for this and every later ``up``."""
        ...

    def preview(self, changes: Changes, report: Report) -> Outcome:
        """Tell what ``up`` would do with changes that are not kept yet."""
        ...

    def up(self, report: Report) -> Outcome:
        """Bring the stack up to its configuration."""
        ...

    def drift(self, report: Report) -> Outcome:
        """Compare every resource with the real thing, and change nothing."""
        ...

    def outputs(self) -> Mapping[str, object]:
        """Return the stack's outputs; secret ones are left out."""
        ...

    def aws(self, service: str, region: str | None = None) -> Any:
        """Return boto3's client of a service, in the stack's region unless told otherwise."""
        ...

    def kubernetes(self) -> KubeApi:
        """Return a client of the cluster, with the rights of a deployer."""
        ...


def pod_secret(api: KubeApi, variable: str) -> str:
    """Return the value that serving pods have in an environment variable; never print it.

    Raises DeploymentError if the pods take no variable of this name from a Secret.
    """
    (container,) = api.get(PROXY_DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    for one in container["env"]:
        if one["name"] == variable and "secretKeyRef" in one.get("valueFrom", {}):
            source = one["valueFrom"]["secretKeyRef"]
            secret = api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{source['name']}")
            return base64.b64decode(secret["data"][source["key"]]).decode()
    raise DeploymentError(f"the gateway's pods take no {variable} from a Secret")
