"""Reads from the API server what a pod names: Secrets, ConfigMaps and tokens."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.node.objects import Objects, Reference, TokenRequest, data_of

_COLLECTIONS = {"Secret": "secrets", "ConfigMap": "configmaps"}
# The kubelet asks for a new token when 80 % of its time is over: pkg/kubelet/token.
_FRESH = 0.8


class ObjectReader:
    """Reads for one pod; its tokens are bound to the pod and end with it."""

    def __init__(self, api: KubeApi, pod: Mapping[str, Any]) -> None:
        self._api = api
        self._name = pod["metadata"]["name"]
        self._uid = pod["metadata"]["uid"]
        self._root = f"/api/v1/namespaces/{pod['metadata']['namespace']}"
        account = pod["spec"].get("serviceAccountName") or "default"
        self._account = f"{self._root}/serviceaccounts/{account}"
        self._tokens: dict[TokenRequest, tuple[str, float]] = {}

    async def read(
        self, references: Iterable[Reference], tokens: Iterable[TokenRequest] = ()
    ) -> Objects:
        """Return what is there; what is not is absent, and ApiError means that nobody knows."""
        return await asyncio.to_thread(self._read, set(references), set(tokens))

    async def account_annotations(self) -> dict[str, str]:
        """Return the annotations of the pod's service account."""
        account = await asyncio.to_thread(self._api.get, self._account)
        return account["metadata"].get("annotations") or {}

    def _read(self, references: set[Reference], tokens: set[TokenRequest]) -> Objects:
        data = {}
        for reference in references:
            path = f"{self._root}/{_COLLECTIONS[reference.kind]}/{reference.name}"
            try:
                data[reference] = data_of(reference.kind, self._api.get(path))
            except ApiError as error:
                if error.status != 404:
                    raise
        return Objects(data, {request: self._token(request) for request in tokens})

    def _token(self, request: TokenRequest) -> str:
        token, stale_at = self._tokens.get(request, ("", 0.0))
        if time.monotonic() < stale_at:
            return token
        bound = {"apiVersion": "v1", "kind": "Pod", "name": self._name, "uid": self._uid}
        body = {
            "spec": {
                "audiences": [request.audience] if request.audience else [],
                "expirationSeconds": request.seconds,
                "boundObjectRef": bound,
            }
        }
        token = self._api.create(f"{self._account}/token", body)["status"]["token"]
        self._tokens[request] = (token, time.monotonic() + _FRESH * request.seconds)
        return token
