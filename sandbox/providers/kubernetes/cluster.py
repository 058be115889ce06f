"""The cluster that a ``kubernetes`` provider instance is configured for."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.kubeconfig import KubeconfigError, load, select
from sandbox.paths import Instance
from sandbox.providers.base import ProviderError
from sandbox.providers.properties import UNKNOWN, plain

# Inputs of pulumi_kubernetes.Provider which change nothing here: tuning, warnings, the SDK's own.
_WITHOUT_EFFECT = {
    "kubeClientSettings",
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "version",
}
_SWITCHES = {
    "deleteUnreachable": "delete_unreachable",
    "enableConfigMapMutable": "config_maps_mutable",
    "enablePatchForce": "force",
    "enableSecretMutable": "secrets_mutable",
    "skipUpdateUnreachable": "skip_update_unreachable",
    "upsertExistingObjects": "adopt_existing",
}
_TEXTS = {"cluster", "clusterIdentifier", "context", "kubeconfig", "namespace"}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a program may set on ``pulumi_kubernetes.Provider``, as far as it matters here."""

    kubeconfig: str = ""
    context: str | None = None
    namespace: str | None = None
    delete_unreachable: bool = False
    config_maps_mutable: bool = False
    secrets_mutable: bool = False
    force: bool = False
    adopt_existing: bool = False
    skip_update_unreachable: bool = False

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> "Settings":
        """Read the provider's inputs; raises :class:`ProviderError` for what is not known here."""
        values = {key: value for key, value in plain(inputs).items() if value is not None}
        unknown = set(values) - {*_WITHOUT_EFFECT, *_SWITCHES, *_TEXTS, "enableServerSideApply"}
        if unknown:
            raise ProviderError(
                f"the kubernetes provider of the sandbox does not know {', '.join(sorted(unknown))}"
            )
        if not _switch(values.get("enableServerSideApply", True)):
            raise ProviderError(
                "enableServerSideApply is false; the sandbox has server-side apply only"
            )
        return cls(
            kubeconfig=values.get("kubeconfig", ""),
            context=values.get("context"),
            namespace=values.get("namespace"),
            **{name: _switch(values.get(key, False)) for key, name in _SWITCHES.items()},
        )


def _switch(value: Any) -> bool:
    # The SDK sends the provider's booleans as JSON text.
    return json.loads(value) if isinstance(value, str) else bool(value)


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A configured cluster; ``api`` is None when it cannot be reached, ``trouble`` says why."""

    settings: Settings = field(default_factory=Settings)
    api: KubeApi | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict, repr=False)
    trouble: str = "the provider is not configured yet"

    @property
    def namespace(self) -> str:
        """The namespace of objects that name none."""
        return self.settings.namespace or (self.api.default_namespace if self.api else "default")

    def require(self) -> KubeApi:
        """Return the client; raises :class:`ProviderError` when the cluster is out of reach."""
        if self.api is None:
            raise ProviderError(f"the configured Kubernetes cluster is unreachable: {self.trouble}")
        return self.api


class Clusters:
    """Connects provider instances to their clusters; connections are shared and kept.

    A kubeconfig for EKS gets its token from ``aws eks get-token``. Here nothing would accept it:
    EKS checks such a token with IAM, and there is no IAM authenticator in the sandbox. So for the
    sandbox's own API server, and only for it, the admin credentials of the instance are used in
    its place.
    """

    def __init__(self, instance: Instance | None):
        self._instance = instance
        self._clients: dict[str, KubeApi] = {}
        self._lock = threading.Lock()

    def connect(self, inputs: Mapping[str, Any]) -> Cluster:
        """Return the cluster of a provider's inputs; raises :class:`ProviderError` for bad ones."""
        settings = Settings.from_inputs(inputs)
        if self._instance is None:
            trouble = "these providers only preview; start a sandbox to have a cluster"
            return Cluster(settings=settings, trouble=trouble)
        try:
            configuration = _configuration(settings.kubeconfig)
            configuration = self._with_credentials(configuration, settings.context)
            api = self._client(configuration, settings.context)
            api.get("/version")
        except (KubeconfigError, OSError) as error:
            raise ProviderError(f"the provider's kubeconfig cannot be used: {error}") from error
        except ApiError as error:
            return Cluster(settings=settings, trouble=str(error))
        return Cluster(settings=settings, api=api, configuration=configuration, trouble="")

    def _client(self, configuration: Mapping[str, Any], context: str | None) -> KubeApi:
        key = json.dumps([configuration, context], sort_keys=True)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = KubeApi.from_configuration(configuration, context)
            return self._clients[key]

    def _with_credentials(
        self, configuration: Mapping[str, Any], context: str | None
    ) -> Mapping[str, Any]:
        cluster, user, namespace = select(configuration, context)
        if "exec" not in user or self._instance is None:
            return configuration
        command = [user["exec"].get("command"), *user["exec"].get("args", [])]
        if not {"eks", "get-token"} <= set(command):
            raise KubeconfigError(
                f"its user runs {command[0]!r} for credentials; only 'aws eks get-token' is known"
            )
        admin = load(self._instance.kubeconfig.read_text())
        own, administrator, _ = select(admin)
        if own["server"].rstrip("/") != cluster["server"].rstrip("/"):
            raise KubeconfigError(
                f"it gets a token for {cluster['server']}, which is not this sandbox's API server "
                f"{own['server']}"
            )
        entry = {"cluster": "sandbox", "user": "sandbox", "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "contexts": [{"name": context or "sandbox", "context": entry}],
            "clusters": [{"name": "sandbox", "cluster": cluster}],
            "users": [{"name": "sandbox", "user": administrator}],
        } | ({"current-context": context} if context else {})


def _configuration(kubeconfig: str) -> Mapping[str, Any]:
    if not kubeconfig:
        raise KubeconfigError("it is empty; set kubeconfig on the Provider")
    is_path = "\n" not in kubeconfig and not kubeconfig.lstrip().startswith("{")
    return load(Path(kubeconfig).expanduser().read_text() if is_path else kubeconfig)


def replaces(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether a changed configuration means another cluster, so that all is replaced.

    A ``clusterIdentifier`` decides it alone; without one the server's address does, and an
    address that is not known yet counts as another.
    """
    old, new = plain(old), plain(new)
    if old.get("clusterIdentifier") or new.get("clusterIdentifier"):
        return old.get("clusterIdentifier") != new.get("clusterIdentifier")
    if old.get("kubeconfig") == new.get("kubeconfig"):
        return False
    if UNKNOWN in (old.get("kubeconfig"), new.get("kubeconfig")):
        return True
    return _server(old) != _server(new)


def _server(inputs: Mapping[str, Any]) -> str | None:
    try:
        configuration = _configuration(inputs.get("kubeconfig", ""))
        return select(configuration, inputs.get("context"))[0].get("server")
    except (KubeconfigError, OSError):
        return None
