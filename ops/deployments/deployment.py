"""What a command may ask of a stack that runs, and do to it, wherever it runs."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from infra.naming import NAMESPACE, RELEASE
from infra.secret_families import MASTER_KEY
from infra.settings import Settings
from ops.deployments.database_copies import DatabaseCopies
from ops.deployments.errors import DeploymentError as DeploymentError
from ops.state.stack_state import StackState
from sandbox.kube_api import KubeApi
from sandbox.outcome import Outcome
from sandbox.stack_operations import Report

# Setting → YAML text, such as ``rotation.masterKey`` → ``"3"``.
Changes = Mapping[str, str]


def quoted(text: str) -> str:
    """Return YAML text of a string, which 1.20 would not be."""
    return json.dumps(text)


PROXY_DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/gateway"
MIGRATION_JOB = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs/{RELEASE}-migration"
# The variable of the proxy's pods.
ADMIN_KEY = MASTER_KEY.environment["key"]


class Deployment(Protocol):
    """One stack and the ways to it.

    Nothing is changed but by ``keep``, ``up`` and ``destroy``. Every operation of the engine raises
    EngineError with the engine's words, every other method DeploymentError.
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

    def supply(self, path: str, value: str) -> None:
        """Encrypt a secret value into the stack's configuration, in place of one that is there.

        ``path`` is one such as ``suppliedSecrets.anthropic["2"].apiKey``.
        """
        ...

    @property
    def notes(self) -> Path:
        """Directory of the notes with which an interrupted command is taken up again."""
        ...

    def preview(self, changes: Changes, report: Report, *, policies: bool = False) -> Outcome:
        """Tell what ``up`` would do with changes that are not kept yet, and if policies allow it.

        Policies are asked where ``policies`` says so.
        """
        ...

    def preview_events(self) -> str:
        """Return the engine's events of a preview with policies, one a line."""
        ...

    def up(self, report: Report) -> Outcome:
        """Bring the stack up to its configuration."""
        ...

    def destroy(self, report: Report) -> Outcome:
        """Delete everything in the stack's state; the stack itself stays, empty."""
        ...

    def drift(self, report: Report, exclude: Sequence[str] = ()) -> Outcome:
        """Compare every resource with the real thing, and change nothing.

        ``exclude`` are URNs, with ``*`` and ``**``, of what is not compared.
        """
        ...

    def outputs(self) -> Mapping[str, object]:
        """Return the stack's outputs; secret ones are left out."""
        ...

    def state(self) -> StackState:
        """Return the way to the stack's state in its backend."""
        ...

    def aws(self, service: str, region: str | None = None) -> Any:
        """Return boto3's client of a service, in the stack's region unless told otherwise."""
        ...

    def kubernetes(self) -> KubeApi:
        """Return a client of the cluster, with the rights of a deployer."""
        ...

    def prometheus_url(self, namespace: str) -> str:
        """Return where pods of Prometheus's namespace reach it."""
        ...

    def database_copies(self) -> DatabaseCopies:
        """Return the way to snapshots of databases and to what is restored from them."""
        ...

    def obtain_image(self, version: str, digest: str | None, report: Report) -> Changes:
        """Make sure that there is a proxy's image of a version, by whom it should be.

        Returns the settings that pin it; ``digest`` is what it must be, if that is known. Raises
        DeploymentError where there is none, or its signature does not hold.
        """
        ...


def admin_key(api: KubeApi) -> str:
    """Return the master key that serving pods have; never print it."""
    return pod_secret(api, ADMIN_KEY)


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
