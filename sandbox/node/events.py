"""Events of pods, as ``kubectl describe`` shows them."""

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.node.status import now

_log = logging.getLogger(__name__)


class EventRecorder:
    """Records what happens to one pod; the same event again is counted, not repeated."""

    def __init__(self, api: KubeApi, pod: Mapping[str, Any], node: str) -> None:
        metadata = pod["metadata"]
        self._api = api
        self._path = f"/api/v1/namespaces/{metadata['namespace']}/events"
        self._name = metadata["name"]
        self._source = {"component": "kubelet", "host": node}
        self._object = {
            "apiVersion": "v1",
            "kind": "Pod",
            **{key: metadata[key] for key in ("namespace", "name", "uid")},
        }
        self._counts: dict[tuple[str, str], tuple[str, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def record(self, reason: str, message: str, warning: bool = False) -> None:
        """Send an event in the background; an event that cannot be sent is not worth a failure."""
        known = self._counts.get((reason, message))
        name = known[0] if known else f"{self._name}.{os.urandom(8).hex()}"
        count = known[1] + 1 if known else 1
        self._counts[reason, message] = (name, count)
        kind = "Warning" if warning else "Normal"
        body = {"reason": reason, "message": message, "type": kind}
        _log.info("%s/%s %s: %s", self._object["namespace"], self._name, reason, message)
        task = asyncio.create_task(self._send(name, count, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, name: str, count: int, body: dict[str, Any]) -> None:
        changed = {"count": count, "lastTimestamp": now()}
        try:
            if count > 1:
                await asyncio.to_thread(self._api.patch, f"{self._path}/{name}", changed)
                return
            event = {
                "metadata": {"name": name},
                "involvedObject": self._object,
                "source": self._source,
                "firstTimestamp": now(),
                **changed,
                **body,
            }
            await asyncio.to_thread(self._api.create, self._path, event)
        except ApiError as error:
            _log.debug("the event %s was not recorded: %s", name, error)
