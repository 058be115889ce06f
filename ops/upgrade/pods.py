"""Pods that are made for the trial, and the wait for those of the roll-out."""

import base64
import json
import time
from collections.abc import Iterable
from typing import Any

import click

from infra.naming import NAMESPACE
from ops.deployments.deployment import (
    MIGRATION_JOB,
    PROXY_DEPLOYMENT,
    Deployment,
    DeploymentError,
)
from ops.deployments.errors import STACK_ERRORS
from ops.deployments.pods import is_ready
from ops.upgrade.plan import VersionError, version_of
from ops.upgrade.scratch import LABEL, PART_OF, Object, secrets_named
from sandbox.kube_api import ApiError, KubeApi
from sandbox.stack_operations import Report

_CORE = f"/api/v1/namespaces/{NAMESPACE}"
_POLICIES = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies"
_PLACES = {
    "Pod": f"{_CORE}/pods",
    "Secret": f"{_CORE}/secrets",
    "ConfigMap": f"{_CORE}/configmaps",
    "NetworkPolicy": _POLICIES,
}
_GONE_SECONDS = 120
# A pull or a Secret may fail once on a new node.
_HOPELESS_SECONDS = 120
_HOPELESS = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError")


class PodFailed(DeploymentError):
    """A pod of the trial did not do what it should; the message has its last words."""


def remove_leftovers(api: KubeApi) -> int:
    """Delete whatever a trial has made in the cluster; return how many objects there were."""
    found = [
        f"{place}/{one['metadata']['name']}"
        for place in _PLACES.values()
        for one in api.list(place, labelSelector=f"{PART_OF}={LABEL}")
    ]
    for path in found:
        _delete(api, path)
    deadline = time.monotonic() + _GONE_SECONDS
    for path in found:
        while _exists(api, path):
            if time.monotonic() > deadline:
                raise DeploymentError(f"{path} is still there after {_GONE_SECONDS} s")
            time.sleep(0.3)
    return len(found)


def make(api: KubeApi, objects: Iterable[Object]) -> None:
    """Create objects in the gateway's namespace."""
    for one in objects:
        api.create(_PLACES[one["kind"]], one)


def run(
    api: KubeApi,
    pod: Object,
    container: str,
    seconds: float,
    told: Report,
    *,
    may_fail: bool = False,
) -> str:
    """Run a pod until one of its containers has ended, and return that one's last message.

    Raises PodFailed when another container ends, when this one fails unless it ``may_fail``, or
    when nothing has ended after ``seconds``.
    """
    name = pod["metadata"]["name"]
    make(api, [pod])
    began = time.monotonic()
    while True:
        found = api.get(f"{_CORE}/pods/{name}")
        states = {one["name"]: one["state"] for one in _statuses(found)}
        if ended := states.get(container, {}).get("terminated"):
            if ended["exitCode"] and not may_fail:
                raise PodFailed(_redacted(api, pod, _last_words(name, container, ended)))
            return _redacted(api, pod, str(ended.get("message", "")))
        for which, state in states.items():
            if ended := state.get("terminated"):
                raise PodFailed(_redacted(api, pod, _last_words(name, which, ended)))
        waiting = _waiting(states)
        elapsed = time.monotonic() - began
        if elapsed > _HOPELESS_SECONDS and waiting.startswith(_HOPELESS):
            raise PodFailed(f"the pod {name} does not start: {waiting}")
        if elapsed > seconds:
            what = waiting or found["status"].get("phase")
            raise PodFailed(f"the pod {name} has not ended after {seconds:.0f} s: {what}")
        told(f"the pod {name}: {waiting}" if waiting else "")
        time.sleep(0.5)


def wait_for_image(api: KubeApi, image: str, seconds: float, told: Report) -> int:
    """Return how many pods serve once all have an image, are ready, and no other one is left."""
    deadline = time.monotonic() + seconds
    while True:
        deployment = api.get(PROXY_DEPLOYMENT)
        labels = deployment["spec"]["selector"]["matchLabels"]
        pods = [
            pod
            for pod in api.list(
                f"{_CORE}/pods", labelSelector=",".join(f"{k}={v}" for k, v in labels.items())
            )
            if pod["status"].get("phase") not in ("Succeeded", "Failed")
        ]
        new = [pod for pod in pods if _image(pod["spec"]) == image]
        ready = sum(is_ready(pod) and "deletionTimestamp" not in pod["metadata"] for pod in new)
        wanted = deployment["spec"].get("replicas", 1)
        if ready >= wanted and len(new) == len(pods):
            return ready
        state = (
            f"{ready} of {wanted} pods are ready with {image}, {len(pods) - len(new)} have another"
        )
        told(state)
        if time.monotonic() > deadline:
            raise DeploymentError(f"{state}, after {seconds:.0f} s; see their events")
        time.sleep(0.5)


def migration_job(api: KubeApi) -> Object:
    """Return the Job that migrated at the last roll-out; DeploymentError if it is gone."""
    try:
        return dict(api.get(MIGRATION_JOB))
    except ApiError as error:
        if error.status != 404:
            raise
        raise DeploymentError(
            "the Job gateway-migration of the last roll-out is gone, so nobody knows how this "
            "stack migrates; run `pulumi up --replace` on the release, which makes it anew"
        ) from error


def serving_image(api: KubeApi) -> str:
    """Return the image of the gateway's pods; DeploymentError where there is no gateway."""
    try:
        return _image(api.get(PROXY_DEPLOYMENT)["spec"]["template"]["spec"])
    except ApiError as error:
        if error.status == 404:
            raise DeploymentError("there is no gateway in the cluster to upgrade") from error
        raise


def what_serves(deployment: Deployment) -> str:
    """Return the version that serves, or why nobody knows which: for what is told of a failure."""
    try:
        return serving_version(deployment.kubernetes())
    except STACK_ERRORS as error:
        return f"nobody knows what ({error})"


def serving_version(api: KubeApi) -> str:
    """Return the version that the gateway's pods are made of."""
    try:
        return version_of(serving_image(api))
    except VersionError as error:
        raise DeploymentError(str(error)) from error


def results(message: str) -> dict[str, Any]:
    """Return what the questions' container has written; PodFailed if that is nothing."""
    try:
        return dict(json.loads(message))
    except ValueError:
        raise PodFailed(f"the smoke test ended without a result: {message[-300:]}") from None


def _redacted(api: KubeApi, pod: Object, text: str) -> str:
    """Return text without the value of any Secret that a pod has."""
    for name, key in secrets_named(pod):
        try:
            data = api.get(f"{_CORE}/secrets/{name}").get("data", {})
        except ApiError:
            continue
        value = base64.b64decode(data.get(key, "")).decode(errors="replace")
        text = text.replace(value, "[secret]") if value else text
    return text


def _last_words(name: str, container: str, ended: Object) -> str:
    words = click.unstyle(str(ended.get("message") or ended.get("reason") or "")).strip()
    return f"{container} of the pod {name} ended with {ended['exitCode']}:\n{words[-1500:]}"


def _statuses(pod: Object) -> list[Object]:
    return pod["status"].get("containerStatuses", [])


def _waiting(states: dict[str, Object]) -> str:
    for state in states.values():
        if waiting := state.get("waiting"):
            return f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()
    return ""


def _image(spec: Object) -> str:
    return str(next(one["image"] for one in spec["containers"] if one["name"] == "proxy"))


def _delete(api: KubeApi, path: str) -> None:
    try:
        api.delete(path)
    except ApiError as error:
        if error.status != 404:
            raise


def _exists(api: KubeApi, path: str) -> bool:
    try:
        api.get(path)
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    return True
