"""Pods: ready, and not because they were restarted a moment ago."""

from collections.abc import Iterator
from typing import Any

from infra.naming import NAMESPACE
from ops.deployments.pods import is_ready
from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack, told_age

_ALERTS = "docs/runbooks/alerts.md"
_LOST_POD = "docs/runbooks/lost-pod.md"
# What a pod waits for in the ordinary course of its start.
_STARTING = {"ContainerCreating", "PodInitializing"}
_START_SECONDS = 300
_RECENT_SECONDS = 3600
_A_DAY = 86400
_MESSAGE = 160


def pods(stack: RunningStack) -> Iterator[Finding]:
    """Deployments have their pods; none waits in vain, was restarted or ran out of memory."""
    found = list(stack.everywhere("v1", "Pod"))
    wrong = [one for pod in found for one in judged_pod(stack, pod)]
    yield from wrong
    deployments = list(stack.everywhere("apps/v1", "Deployment"))
    yield from (one for deployment in deployments for one in judged_deployment(deployment))
    if not any(one["metadata"]["namespace"] == NAMESPACE for one in deployments):
        yield failed(f"namespace {NAMESPACE} has no Deployment", "uv run ops doctor --only drift")
    yield from (one for job in stack.everywhere("batch/v1", "Job") for one in _job(job))
    ready = sum(is_ready(pod) for pod in found)
    yield ok(f"{ready} pods are ready")


def judged_deployment(deployment: dict[str, Any]) -> Iterator[Finding]:
    """Judge a Deployment by how many of its pods are ready."""
    wanted = deployment["spec"].get("replicas", 1)
    ready = deployment["status"].get("readyReplicas", 0)
    name = f"{deployment['metadata']['namespace']}/{deployment['metadata']['name']}"
    if ready < wanted:
        how = failed if not ready else attention
        yield how(f"{name} has {ready} of {wanted} pods ready", f"{_ALERTS}#podsnotready")


def judged_pod(stack: RunningStack, pod: dict[str, Any]) -> Iterator[Finding]:
    """Judge a pod by its status."""
    metadata, status = pod["metadata"], pod["status"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    if status.get("phase") in ("Succeeded", "Failed"):
        return
    describe = f"kubectl -n {metadata['namespace']} describe pod {metadata['name']}"
    if leaving := metadata.get("deletionTimestamp"):
        # The time by which its grace period is over.
        late = stack.age_seconds(leaving)
        if late > _START_SECONDS:
            yield attention(f"{name} should have been gone {told_age(late)} ago", _LOST_POD)
        return
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            said = condition.get("message", "")[:_MESSAGE]
            yield failed(f"{name} finds no node: {said}", describe)
    age = stack.age_seconds(metadata["creationTimestamp"])
    containers = [
        *status.get("initContainerStatuses", []),
        *status.get("containerStatuses", []),
    ]
    for container in containers:
        yield from _container(stack, name, container, age, describe)


def _container(
    stack: RunningStack, name: str, container: dict[str, Any], age: float, describe: str
) -> Iterator[Finding]:
    waiting = container["state"].get("waiting")
    if waiting and (waiting["reason"] not in _STARTING or age > _START_SECONDS):
        said = waiting.get("message", "")[:_MESSAGE]
        yield failed(f"{name} waits: {waiting['reason']} {said}".rstrip(), describe)
    elif "running" in container["state"] and not container.get("ready") and age > _START_SECONDS:
        yield attention(f"{name} runs and is not ready", describe)
    last = container.get("lastState", {}).get("terminated")
    if not last:
        return
    ago = stack.age_seconds(last["finishedAt"])
    if last.get("reason") == "OOMKilled" and ago < _A_DAY:
        yield attention(
            f"{name} ran out of memory {told_age(ago)} ago", f"{_ALERTS}#podoutofmemory"
        )
    elif ago < _RECENT_SECONDS:
        said = (last.get("message") or "").strip()[-_MESSAGE:]
        yield attention(
            f"{name} was restarted {container['restartCount']} times, last {told_age(ago)} ago "
            f"with exit code {last['exitCode']}{': ' if said else ''}{said}",
            f"{_ALERTS}#podrestarts",
        )


def _job(job: dict[str, Any]) -> Iterator[Finding]:
    """A failed Job; migrations are looked at on their own, schedules by their last success."""
    owned = job["metadata"].get("ownerReferences")
    migration = job["metadata"].get("labels", {}).get("app.kubernetes.io/component") == "migration"
    if owned or migration:
        return
    for condition in job["status"].get("conditions", []):
        if condition["type"] == "Failed" and condition["status"] == "True":
            namespace, name = job["metadata"]["namespace"], job["metadata"]["name"]
            yield failed(
                f"Job {namespace}/{name} failed: {condition.get('reason', '')}",
                f"kubectl -n {namespace} logs job/{name}",
            )
