"""Single objects of the API server: what is applied, what is recorded, what is deleted."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kube_api import ApiError, KubeApi, UnknownKind, Unreachable
from sandbox.providers.base import Connection, NotReady, ProviderError
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.drift import current_inputs
from sandbox.providers.kubernetes.readiness import check_for
from sandbox.providers.kubernetes.replacement import group_of
from sandbox.providers.kubernetes.waiting import Wait, WaitFailed
from sandbox.providers.properties import Secret, has_unknowns, marked_like, plain

Object = dict[str, Any]

FIELD_MANAGER = "__fieldManager"
FORCE = "pulumi.com/patchForce"
TIMEOUT = "pulumi.com/timeoutSeconds"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"

# The provider's own defaults (docs of pulumi-kubernetes, "await" package): ten minutes, and five
# for pods and volume claims.
_DEFAULT_SECONDS = 600
_SHORTER_SECONDS = {"Pod": 300, "PersistentVolumeClaim": 300, "PersistentVolume": 300}
_DISCOVERY_SECONDS, _DISCOVERY_PAUSE = 10.0, 0.2
# What differs at every dry run, or says nothing to a program.
_PASSING = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")


@dataclass(frozen=True)
class Objects:
    """The objects of one resource operation: a provider instance's cluster and the resource."""

    cluster: Cluster
    connection: Connection
    urn: str

    def preview(self, inputs: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the API server would make of the inputs, as far as that can be told.

        Raises :class:`ProviderError` for what it would refuse. Values that are not known yet, a
        cluster out of reach, a kind or a namespace still to be created are no failure.
        """
        unchanged = {key: value for key, value in recorded.items() if key in ("id", FIELD_MANAGER)}
        if self.cluster.api is None or has_unknowns(inputs):
            return {**unchanged, **inputs}
        obj = plain(inputs)
        manager = recorded.get(FIELD_MANAGER) or self.field_manager
        try:
            applied = self.cluster.api.apply(obj, manager, dry_run=True, force=True)
        except (UnknownKind, Unreachable):
            return {**unchanged, **inputs}
        except ApiError as error:
            if _is_missing_namespace(error):
                return {**unchanged, **inputs}
            raise ProviderError(f"{describe(obj)} would be refused: {error.message}") from error
        applied.pop("status", None)
        metadata = applied["metadata"]
        for key in _PASSING:
            if key in (recorded.get("metadata") or {}) and key in ("uid", "creationTimestamp"):
                metadata[key] = recorded["metadata"][key]
            else:
                metadata.pop(key, None)
        return {**unchanged, **_marked(applied, inputs)}

    def create(self, inputs: Mapping[str, Any], timeout: float) -> tuple[str, dict[str, Any]]:
        """Apply a new object and wait for it; return its id and what is recorded of it.

        Raises :class:`ProviderError` when an object of that name exists which this resource did
        not make, and :class:`NotReady` when it does not get ready.
        """
        api, obj = self.cluster.require(), plain(inputs)
        self._await_kind(api, obj)
        self._refuse_existing(api, obj)
        return self._apply(api, obj, inputs, self.field_manager, timeout)

    def update(
        self, inputs: Mapping[str, Any], recorded: Mapping[str, Any], timeout: float
    ) -> dict[str, Any]:
        """Apply a changed object and wait for it; return what is recorded of it."""
        manager = recorded.get(FIELD_MANAGER) or self.field_manager
        return self._apply(self.cluster.require(), plain(inputs), inputs, manager, timeout)[1]

    def read(
        self, path_of: Object, inputs: Mapping[str, Any], recorded: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return what is recorded of an object and its inputs as they stand; None if it is gone."""
        api = self.cluster.require()
        try:
            live = api.get(api.path_of(path_of))
        except ApiError as error:
            if error.status == 404:
                return None
            raise ProviderError(f"{describe(path_of)} could not be read: {error}") from error
        live = _recorded(live)
        found = current_inputs(inputs, plain(recorded), live) if inputs else _imported(live)
        manager = recorded.get(FIELD_MANAGER) or self.field_manager
        return {**_marked(live, found), FIELD_MANAGER: manager}, found

    def delete(self, obj: Object, timeout: float) -> None:
        """Delete an object and wait until it is gone; one that is gone already is no failure."""
        api = self.cluster.require()
        annotations = obj.get("metadata", {}).get("annotations") or {}
        propagation = str(annotations.get(PROPAGATION, "foreground")).capitalize()
        try:
            path = api.path_of(obj)
            live = api.get(path)
            api.delete(path, propagation, live["metadata"]["uid"])
            wait = Wait(self.connection, self.urn, _seconds(obj, timeout))
            wait.until_gone(api, path, live["metadata"]["uid"])
        except ApiError as error:
            if error.status not in (404, 409):
                raise ProviderError(f"{describe(obj)} was not deleted: {error}") from error
        except WaitFailed as error:
            raise ProviderError(f"{describe(obj)} was not deleted: {error}") from error

    @property
    def field_manager(self) -> str:
        """The resource's own field manager.

        It follows from the URN, so that an object which an interrupted run has created, but not
        recorded, is known again as this resource's.
        """
        return f"pulumi-kubernetes-{hashlib.sha256(self.urn.encode()).hexdigest()[:8]}"

    def _await_kind(self, api: KubeApi, obj: Object) -> None:
        """Give a definition that was made a moment ago the time to be served."""
        deadline = time.monotonic() + _DISCOVERY_SECONDS
        while True:
            try:
                api.kind(obj["apiVersion"], obj["kind"])
                return
            except UnknownKind as error:
                late = time.monotonic() > deadline
                if late or self.connection.cancelled.wait(_DISCOVERY_PAUSE):
                    raise ProviderError(f"{describe(obj)} was not created: {error}") from error
            except ApiError as error:
                raise ProviderError(f"{describe(obj)} was not created: {error}") from error

    def _refuse_existing(self, api: KubeApi, obj: Object) -> None:
        if self.cluster.settings.adopt_existing:
            return
        try:
            live = api.get(api.path_of(obj))
        except ApiError as error:
            if error.status == 404:
                return
            raise ProviderError(f"{describe(obj)} was not created: {error}") from error
        managers = {entry.get("manager") for entry in live["metadata"].get("managedFields", [])}
        if self.field_manager not in managers:
            raise ProviderError(
                f"{describe(obj)} exists already and is not this resource's; import it, give it "
                "another name, or set upsertExistingObjects on the Provider"
            )

    def _apply(
        self,
        api: KubeApi,
        obj: Object,
        inputs: Mapping[str, Any],
        manager: str,
        timeout: float,
    ) -> tuple[str, dict[str, Any]]:
        annotations = obj["metadata"].get("annotations") or {}
        force = self.cluster.settings.force or str(annotations.get(FORCE)).lower() == "true"
        try:
            live = api.apply(obj, manager, force=force)
        except ApiError as error:
            raise ProviderError(_refusal(obj, error)) from error
        identifier = _identifier(live)
        try:
            if check := check_for(live):
                wait = Wait(self.connection, self.urn, _seconds(obj, timeout))
                live = wait.until_ready(api, api.path_of(live), check)
        except (WaitFailed, ApiError) as error:
            last = error.last if isinstance(error, WaitFailed) else live
            properties = {**_marked(_recorded(last or live), inputs), FIELD_MANAGER: manager}
            reason = f"{describe(obj)} is not ready: {error}"
            raise NotReady(identifier, properties, dict(inputs), reason) from error
        return identifier, {**_marked(_recorded(live), inputs), FIELD_MANAGER: manager}


def describe(obj: Mapping[str, Any]) -> str:
    """Name an object in a message."""
    metadata = obj.get("metadata") or {}
    name = "/".join(filter(None, [metadata.get("namespace"), metadata.get("name")]))
    return f"{obj['kind']} {name}"


def _identifier(obj: Object) -> str:
    metadata = obj["metadata"]
    return "/".join(filter(None, [metadata.get("namespace"), metadata["name"]]))


def _recorded(live: Object) -> Object:
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    return {**live, "metadata": metadata}


def _imported(live: Object) -> Object:
    """Return the inputs that an object read without any would have."""
    kept = ("name", "namespace", "labels", "annotations")
    metadata = {key: value for key, value in live["metadata"].items() if key in kept}
    return marked({key: v for key, v in live.items() if key != "status"} | {"metadata": metadata})


def _marked(live: Object, inputs: Mapping[str, Any]) -> Object:
    return marked(marked_like(live, inputs))


def marked(obj: Object) -> Object:
    """Return an object with the content of a Secret marked as secret."""
    if obj.get("kind") != "Secret" or group_of(str(obj.get("apiVersion"))):
        return obj
    hidden = {key: Secret(plain(obj[key])) for key in ("data", "stringData") if key in obj}
    return {**obj, **hidden}


def _seconds(obj: Object, timeout: float) -> float:
    if timeout:
        return timeout
    annotation = (obj["metadata"].get("annotations") or {}).get(TIMEOUT)
    if annotation is None:
        return _SHORTER_SECONDS.get(obj["kind"], _DEFAULT_SECONDS)
    try:
        return float(annotation)
    except ValueError as error:
        raise ProviderError(
            f"the annotation {TIMEOUT} of {describe(obj)} is {annotation!r}, not a number"
        ) from error


def _is_missing_namespace(error: ApiError) -> bool:
    return error.status == 404 and error.details.get("kind") == "namespaces"


def _refusal(obj: Object, error: ApiError) -> str:
    if error.status != 409:
        return f"{describe(obj)} was refused: {error.message}"
    return (
        f"{describe(obj)} has fields that somebody else has changed: {error.message}. Set the "
        f'annotation {FORCE}: "true" (or enablePatchForce on the Provider) to take them back'
    )
