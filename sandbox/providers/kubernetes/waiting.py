"""Waits for objects to get ready or to be gone, and says what stood in the way."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.providers.base import Connection, ProviderError
from sandbox.providers.kubernetes.readiness import Check

Object = dict[str, Any]

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_LOG_LINES = 15
_EVENTS = 5
_PODS = 3


class WaitFailed(ProviderError):
    """An object did not get where it should; ``last`` is how it was seen last."""

    def __init__(self, reason: str, last: Object):
        super().__init__(reason)
        self.last = last


@dataclass(frozen=True)
class Wait:
    """How long an operation may take, and for whom it is done."""

    connection: Connection
    urn: str
    seconds: float

    def until_ready(self, api: KubeApi, path: str, check: Check) -> Object:
        """Return the object once it is ready; raises :class:`WaitFailed`."""
        last: Object = {}
        reason = ""

        def look() -> bool:
            nonlocal last, reason
            last = api.get(path)
            found = check(api, last)
            if found.failed:
                raise WaitFailed(f"{found.reason}{trouble(api, last)}", last)
            if found.reason != reason:
                reason = found.reason
                self.connection.progress(reason, self.urn)
            return found.ready

        try:
            end = self._poll(look)
        except ApiError as error:
            if error.status != 404:
                raise
            raise ProviderError("it was deleted while it was waited for") from error
        if end:
            raise WaitFailed(f"{end}; last seen: {reason}{trouble(api, last)}", last)
        return last

    def until_gone(self, api: KubeApi, path: str, uid: str) -> None:
        """Return once the object is gone; raises :class:`WaitFailed`."""
        last: Object = {}

        def look() -> bool:
            nonlocal last
            try:
                last = api.get(path)
            except ApiError as error:
                if error.status == 404:
                    return True
                raise
            return last["metadata"]["uid"] != uid

        if end := self._poll(look):
            finalizers = ", ".join(last["metadata"].get("finalizers") or ["none"])
            raise WaitFailed(
                f"it is still there ({end}); its finalizers: {finalizers}{conditions(last)}", last
            )

    def _poll(self, look: Callable[[], bool]) -> str:
        """Look until it is so; return why it ended otherwise."""
        deadline = time.monotonic() + self.seconds
        pause = _SHORTEST_PAUSE
        while not look():
            left = deadline - time.monotonic()
            if left <= 0:
                return f"timed out after {self.seconds:g} s"
            if self.connection.cancelled.wait(min(pause, left)):
                return "cancelled"
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return ""


def trouble(api: KubeApi, obj: Mapping[str, Any]) -> str:
    """Return what is known about why an object is not well: conditions, events, its pods' logs."""
    lines = conditions(obj)
    try:
        lines += _events(api, obj)
        namespace = obj["metadata"].get("namespace")
        if namespace and (selector := _pod_selector(obj)):
            lines += pod_trouble(api, namespace, selector)
    except ApiError as error:
        lines += f"\n  (nothing more is known: {error})"
    return lines


def conditions(obj: Mapping[str, Any]) -> str:
    """Return the conditions in an object's status that have a message, a line each."""
    entries = obj.get("status", {}).get("conditions") or []
    return "".join(
        f"\n  {entry.get('type')}={entry.get('status')}: {entry['message']}"
        for entry in entries
        if entry.get("message")
    )


def pod_trouble(api: KubeApi, namespace: str, selector: str) -> str:
    """Return why the newest pods of a selector are not ready, with the end of their logs."""
    pods = api.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=selector)
    pods = [pod for pod in pods if not _is_ready(pod)]
    pods.sort(key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return "".join(_pod(api, pod) for pod in pods[:_PODS])


def _pod(api: KubeApi, pod: Object) -> str:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    lines = f"\n  pod {name} is {status.get('phase')} {status.get('message', '')}".rstrip()
    containers = [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]
    for container in containers:
        state = container.get("state", {})
        stopped = state.get("waiting") or state.get("terminated")
        if stopped and stopped.get("exitCode") != 0:
            said = stopped.get("message") or f"exit code {stopped.get('exitCode', 'not known')}"
            lines += f"\n    container {container['name']}: {stopped.get('reason')}: {said}"
        lines += _log(api, pod, container["name"]) if not container.get("ready") else ""
    return lines + ("" if containers else _events(api, pod))


def _log(api: KubeApi, pod: Object, container: str) -> str:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
    try:
        text = api.text(path, container=container, tailLines=_LOG_LINES)
    except ApiError:
        return ""  # It has not started, or its node keeps no logs: the state above says enough.
    lines = text.splitlines()[-_LOG_LINES:]
    return "".join(f"\n      | {line}" for line in lines)


def _events(api: KubeApi, obj: Mapping[str, Any]) -> str:
    namespace = obj["metadata"].get("namespace", "default")
    found = api.list(
        f"/api/v1/namespaces/{namespace}/events",
        fieldSelector=f"involvedObject.uid={obj['metadata']['uid']},type=Warning",
    )
    found.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return "".join(
        f"\n  event {event.get('reason')}: {event.get('message')}" for event in found[-_EVENTS:]
    )


def _pod_selector(obj: Mapping[str, Any]) -> str:
    selector = obj.get("spec", {}).get("selector") or {}
    labels = selector.get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _is_ready(pod: Object) -> bool:
    entries = pod.get("status", {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in entries)
