"""A small synchronous client of the Kubernetes API server."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from sandbox.kubeconfig import load, select, tls_context
from sandbox.paths import Instance

Object = dict[str, Any]
Objects = list[Object]  # the client has a method named list

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_TIMEOUT = httpx.Timeout(30, connect=5)
_PAGE = 500
# The server ends a watch after its timeoutSeconds; the socket may be a little slower than that.
_WATCH_GRACE = 10


class ApiError(Exception):
    """The API server refused a request, or (status 0) could not be reached."""

    def __init__(self, status: int, reason: str, message: str, details: Object | None = None):
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details = details or {}

    def __str__(self) -> str:
        return f"{self.message} ({self.reason or self.status})"


class Unreachable(ApiError):
    """No answer came from the API server."""

    def __init__(self, message: str):
        super().__init__(0, "Unreachable", message)


class UnknownKind(ApiError):
    """The API server serves no such kind, for example because its CRD is not installed."""

    def __init__(self, api_version: str, kind: str):
        message = f"the API server serves no {kind} in {api_version}"
        super().__init__(404, "UnknownKind", message)


class KubeApi:
    """A client with the admin credentials of a sandbox; may be used by many threads at once.

    Every method raises :class:`ApiError`, and :class:`Unreachable` when there is no answer.
    """

    def __init__(self, instance: Instance):
        self._connect(load(instance.kubeconfig.read_text()))

    @classmethod
    def from_kubeconfig(cls, path: str | Path, context: str | None = None) -> "KubeApi":
        """Connect as a kubeconfig file says; raises ``KubeconfigError``."""
        return cls.from_configuration(load(Path(path).read_text()), context)

    @classmethod
    def from_configuration(
        cls,
        configuration: Mapping[str, Any],
        context: str | None = None,
        *,
        auth: httpx.Auth | None = None,
    ) -> "KubeApi":
        """Connect as a parsed kubeconfig says; raises ``KubeconfigError``.

        ``auth`` signs each request where the credentials of a kubeconfig would end too soon.
        """
        client = cls.__new__(cls)
        client._connect(configuration, context, auth)
        return client

    def _connect(
        self,
        configuration: Mapping[str, Any],
        context: str | None = None,
        auth: httpx.Auth | None = None,
    ) -> None:
        cluster, user, self.default_namespace = select(configuration, context)
        headers = {"Authorization": f"Bearer {user['token']}"} if user.get("token") else {}
        self.server = str(cluster["server"]).rstrip("/")
        self._client = httpx.Client(
            base_url=self.server,
            verify=tls_context(cluster, user),
            headers=headers,
            auth=auth,
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
            trust_env=False,
        )
        self._kinds: dict[str, dict[str, Object]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **parameters: Any) -> Object:
        """Return the object at an API path."""
        return self._request("GET", path, parameters)

    def text(self, path: str, **parameters: Any) -> str:
        """Return the answer at an API path as text, such as the log of a pod."""
        return self._send("GET", path, parameters).text

    def list(self, path: str, **parameters: Any) -> Objects:
        """Return all objects of a collection."""
        return self.list_with_version(path, **parameters)[0]

    def list_with_version(self, path: str, **parameters: Any) -> tuple[Objects, str]:
        """Return all objects of a collection and the resource version to watch it from."""
        items: Objects = []
        parameters.setdefault("limit", _PAGE)
        while True:
            page = self._request("GET", path, parameters)
            items += page.get("items") or []
            if not (token := page["metadata"].get("continue")):
                return items, page["metadata"]["resourceVersion"]
            parameters["continue"] = token

    def create(self, path: str, obj: Object, **parameters: Any) -> Object:
        """Create an object in the collection at a path."""
        return self._request("POST", path, parameters, obj)

    def update(self, path: str, obj: Object, **parameters: Any) -> Object:
        """Replace the object at a path."""
        return self._request("PUT", path, parameters, obj)

    def patch(self, path: str, patch: Object, **parameters: Any) -> Object:
        """Change the object at a path by a JSON merge patch."""
        return self._request("PATCH", path, parameters, patch, _MERGE)

    def patch_status(self, path: str, obj: Object) -> Object:
        """Change the status of the object at a path by a JSON merge patch."""
        return self._request("PATCH", f"{path}/status", {}, {"status": obj["status"]}, _MERGE)

    def apply(
        self, obj: Object, field_manager: str, dry_run: bool = False, force: bool = True
    ) -> Object:
        """Server-side apply with strict field validation: an unknown field is an error."""
        parameters: dict[str, Any] = {
            "fieldManager": field_manager,
            "force": force,
            "fieldValidation": "Strict",
        }
        if dry_run:
            parameters["dryRun"] = "All"
        return self._request("PATCH", self.path_of(obj), parameters, obj, _APPLY)

    def delete(
        self, path: str, propagation: str = "Background", uid: str | None = None, **options: Any
    ) -> Object:
        """Delete the object at a path; with ``uid`` only if it is still that very object."""
        body: Object = {"propagationPolicy": propagation, **options}
        if uid:
            body["preconditions"] = {"uid": uid}
        return self._request("DELETE", path, {}, body)

    def watch(
        self, path: str, resource_version: str = "", timeout: float = 300, **parameters: Any
    ) -> Iterator[tuple[str, Object]]:
        """Yield (type, object) of every change until the timeout, bookmarks included.

        Ends early when the server closes the watch. A resource version that is too old raises
        :class:`ApiError` 410: list again.
        """
        seconds = max(1, round(timeout))
        parameters |= {"watch": True, "allowWatchBookmarks": True, "timeoutSeconds": seconds}
        if resource_version:
            parameters["resourceVersion"] = resource_version
        limit = httpx.Timeout(seconds + _WATCH_GRACE, connect=5)
        try:
            with self._client.stream(
                "GET", path, params=_query(parameters), timeout=limit
            ) as response:
                if response.is_error:
                    response.read()
                    raise _error(response)
                for line in response.iter_lines():
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise _status_error(event["object"])
                    yield event["type"], event["object"]
        except httpx.ReadTimeout:
            return
        except httpx.TransportError as error:
            raise Unreachable(f"{self.server} did not answer: {error}") from error

    def token_request(
        self, namespace: str, service_account: str, audiences: Sequence[str], seconds: int = 3600
    ) -> str:
        """Return a token of a service account, issued for the audiences."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        specification = {"audiences": [*audiences], "expirationSeconds": seconds}
        return self.create(path, {"spec": specification})["status"]["token"]

    def kind(self, api_version: str, kind: str) -> Object:
        """Return what discovery says of a kind; raises :class:`UnknownKind`."""
        with self._lock:
            known = self._kinds.get(api_version, {})
        if kind not in known:
            known = self._discover(api_version)
            with self._lock:
                self._kinds[api_version] = known
        if kind not in known:
            raise UnknownKind(api_version, kind)
        return known[kind]

    def collection_path(self, api_version: str, kind: str, namespace: str | None = None) -> str:
        """Return the API path of a kind's objects, in one namespace or in all."""
        found = self.kind(api_version, kind)
        middle = f"/namespaces/{quote(namespace)}" if found["namespaced"] and namespace else ""
        return f"{_root(api_version)}{middle}/{found['name']}"

    def path_of(self, obj: Mapping[str, Any]) -> str:
        """Return the API path of an object; its namespace defaults to the kubeconfig's."""
        metadata = obj.get("metadata") or {}
        namespace = metadata.get("namespace") or self.default_namespace
        collection = self.collection_path(obj["apiVersion"], obj["kind"], namespace)
        return f"{collection}/{quote(metadata['name'])}"

    def _discover(self, api_version: str) -> dict[str, Object]:
        try:
            found = self.get(_root(api_version))
        except ApiError as error:
            if error.status == 404:
                return {}
            raise
        return {entry["kind"]: entry for entry in found["resources"] if "/" not in entry["name"]}

    def _request(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        return self._send(method, path, parameters, body, content_type).json()

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            response = self._client.request(
                method, path, params=_query(parameters), content=content, headers=headers
            )
        except httpx.TransportError as error:
            raise Unreachable(f"{self.server} did not answer: {error}") from error
        if response.is_error:
            raise _error(response)
        return response


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _query(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in parameters.items()
        if value is not None
    }


def _error(response: httpx.Response) -> ApiError:
    try:
        return _status_error(response.json())
    except (ValueError, KeyError, AttributeError):
        reason = response.reason_phrase
        return ApiError(response.status_code, reason, response.text.strip() or reason)


def _status_error(status: Object) -> ApiError:
    return ApiError(
        status["code"], status.get("reason", ""), status.get("message", ""), status.get("details")
    )
