"""When an object counts as ready; all of it from what the API server says, nothing is changed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.kube_api import KubeApi
from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.json_path import JsonPathError, find
from sandbox.providers.kubernetes.replacement import group_of

Object = Mapping[str, Any]

SKIP_AWAIT = "pulumi.com/skipAwait"
WAIT_FOR = "pulumi.com/waitFor"


@dataclass(frozen=True)
class Readiness:
    """Whether an object is ready, what it still waits for, and whether waiting is in vain."""

    ready: bool
    reason: str = ""
    failed: bool = False


READY = Readiness(True)
Check = Callable[[KubeApi, Object], Readiness]


def _waits(reason: str) -> Readiness:
    return Readiness(False, reason)


def _observed(obj: Object) -> bool:
    return obj.get("status", {}).get("observedGeneration", 0) >= obj["metadata"]["generation"]


def condition(obj: Object, kind: str) -> Object:
    """Return the status condition of a kind, or an empty one."""
    conditions = obj.get("status", {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), {})


def _deployment(_: KubeApi, obj: Object) -> Readiness:
    status, wanted = obj.get("status", {}), obj["spec"].get("replicas", 1)
    if not _observed(obj):
        return _waits("the controller has not seen the change yet")
    progressing = condition(obj, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Readiness(False, progressing.get("message", "no progress"), failed=True)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted:
        return _waits(f"{updated} of {wanted} replicas are up to date")
    if status.get("replicas", 0) > updated:
        return _waits(f"{status['replicas'] - updated} old replicas are still to end")
    if available < wanted:
        return _waits(f"{available} of {wanted} replicas are available")
    return READY


def _stateful_set(_: KubeApi, obj: Object) -> Readiness:
    status, wanted = obj.get("status", {}), obj["spec"].get("replicas", 1)
    if not _observed(obj):
        return _waits("the controller has not seen the change yet")
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted or updated < wanted:
        return _waits(f"{ready} of {wanted} replicas are ready, {updated} up to date")
    return READY


def _daemon_set(_: KubeApi, obj: Object) -> Readiness:
    status = obj.get("status", {})
    if not _observed(obj):
        return _waits("the controller has not seen the change yet")
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if updated < wanted or available < wanted:
        return _waits(f"{available} of {wanted} pods are available, {updated} up to date")
    return READY


def _replica_set(_: KubeApi, obj: Object) -> Readiness:
    wanted, available = obj["spec"].get("replicas", 1), obj["status"].get("availableReplicas", 0)
    return READY if available >= wanted else _waits(f"{available} of {wanted} pods are available")


def _job(_: KubeApi, obj: Object) -> Readiness:
    if condition(obj, "Complete").get("status") == "True":
        return READY
    failed = condition(obj, "Failed")
    if failed.get("status") == "True":
        reason = f"the job failed: {failed.get('message') or failed.get('reason')}"
        return Readiness(False, reason, failed=True)
    status = obj.get("status", {})
    counts = f"{status.get('active', 0)} active, {status.get('failed', 0)} failed"
    return _waits(f"the job is not complete: {counts}")


def _pod(_: KubeApi, obj: Object) -> Readiness:
    phase = obj.get("status", {}).get("phase")
    if phase == "Failed":
        return Readiness(False, obj["status"].get("message", "the pod failed"), failed=True)
    if phase == "Succeeded" or condition(obj, "Ready").get("status") == "True":
        return READY
    return _waits(f"the pod is {phase}")


def _service(api: KubeApi, obj: Object) -> Readiness:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName" or not spec.get("selector"):
        return READY
    name, namespace = obj["metadata"]["name"], obj["metadata"]["namespace"]
    slices = api.list(
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={name}",
    )
    endpoints = [entry for found in slices for entry in found.get("endpoints") or []]
    if not any(entry.get("conditions", {}).get("ready") for entry in endpoints):
        return _waits("no ready pod matches its selector")
    if spec.get("type") == "LoadBalancer":
        return _load_balancer(api, obj)
    return READY


def _load_balancer(_: KubeApi, obj: Object) -> Readiness:
    has_address = obj.get("status", {}).get("loadBalancer", {}).get("ingress")
    return READY if has_address else _waits("no load balancer has an address for it")


def _phase(*ready: str) -> Check:
    def check(_: KubeApi, obj: Object) -> Readiness:
        phase = obj.get("status", {}).get("phase")
        return READY if phase in ready else _waits(f"its phase is {phase}")

    return check


def _volume_claim(api: KubeApi, obj: Object) -> Readiness:
    found = _phase("Bound")(api, obj)
    if found.ready or not (name := obj["spec"].get("storageClassName")):
        return found
    storage_class = api.get(f"/apis/storage.k8s.io/v1/storageclasses/{name}")
    # Such a claim is bound by the first pod that uses it, which may well depend on it.
    return READY if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" else found


def _definition(_: KubeApi, obj: Object) -> Readiness:
    for kind in ("NamesAccepted", "Established"):
        if condition(obj, kind).get("status") != "True":
            return _waits(f"it is not {kind}: {condition(obj, kind).get('message', '')}")
    return READY


def _secret(_: KubeApi, obj: Object) -> Readiness:
    awaits_token = obj.get("type") == "kubernetes.io/service-account-token"
    if awaits_token and "token" not in obj.get("data", {}):
        return _waits("its token has not been issued")
    return READY


_CHECKS: Mapping[tuple[str, str], Check] = {
    ("", "Namespace"): _phase("Active"),
    ("", "PersistentVolume"): _phase("Available", "Bound"),
    ("", "PersistentVolumeClaim"): _volume_claim,
    ("", "Pod"): _pod,
    ("", "Secret"): _secret,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _load_balancer,
}


def check_for(obj: Object) -> Check | None:
    """Return how to tell that an object is ready; None when there is nothing to wait for.

    ``pulumi.com/skipAwait`` and ``pulumi.com/waitFor`` come before the kind's own check. Raises
    :class:`ProviderError` for an annotation that cannot be understood.
    """
    annotations = obj["metadata"].get("annotations") or {}
    if str(annotations.get(SKIP_AWAIT, "")).lower() == "true":
        return None
    if (expressions := annotations.get(WAIT_FOR)) is not None:
        return _wait_for(str(expressions))
    return _CHECKS.get((group_of(obj["apiVersion"]), obj["kind"]))


def _wait_for(text: str) -> Check:
    try:
        expressions = json.loads(text) if text.lstrip().startswith("[") else [text]
    except ValueError as error:
        raise ProviderError(f"the annotation {WAIT_FOR} is {text!r}, no valid JSON list") from error
    checks = [_expression(expression) for expression in expressions]
    if not checks:
        raise ProviderError(f"the annotation {WAIT_FOR} is an empty list")

    def check(api: KubeApi, obj: Object) -> Readiness:
        return next((found for one in checks if not (found := one(api, obj)).ready), READY)

    return check


def _expression(text: Any) -> Check:
    if isinstance(text, str) and text.startswith("condition="):
        kind, _, wanted = text.removeprefix("condition=").partition("=")
        return _wait_for_condition(kind, wanted or "True")
    if isinstance(text, str) and text.startswith("jsonpath="):
        path, brace, wanted = text.removeprefix("jsonpath=").partition("}")
        return _wait_for_path(path + brace, wanted.removeprefix("=") if wanted else None)
    raise ProviderError(
        f"the annotation {WAIT_FOR} has {text!r}; it takes 'condition=TYPE[=STATUS]', "
        "'jsonpath={PATH}[=VALUE]' or a JSON list of them"
    )


def _wait_for_condition(kind: str, wanted: str) -> Check:
    def check(_: KubeApi, obj: Object) -> Readiness:
        found = condition(obj, kind)
        if found.get("status", "").lower() != wanted.lower():
            said = ": ".join(filter(None, [found.get("reason"), found.get("message")]))
            return _waits(
                f"its condition {kind} is {found.get('status', 'not set')} {said}".strip()
            )
        if found.get("observedGeneration", obj["metadata"].get("generation", 0)) < obj[
            "metadata"
        ].get("generation", 0):
            return _waits(f"its condition {kind} is about an earlier version of it")
        return READY

    return check


def _wait_for_path(path: str, wanted: str | None) -> Check:
    try:
        find(path, {})
    except JsonPathError as error:
        raise ProviderError(f"the annotation {WAIT_FOR} is wrong: {error}") from error

    def check(_: KubeApi, obj: Object) -> Readiness:
        values = [json.dumps(v) if isinstance(v, bool) else str(v) for v in find(path, obj)]
        if values and (wanted is None or values == [wanted.strip("'\"")]):
            return READY
        return _waits(f"its {path} is {', '.join(values) or 'not set'}")

    return check
