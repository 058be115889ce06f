"""What has begun in the cluster and does not end: Helm releases, deletions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack, told_age

_PAGE = "docs/runbooks/doctor.md"
# Longer than the release with the longest timeout of the program, 20 minutes.
_PENDING_SECONDS = 1500
_DELETION_SECONDS = 120
_MESSAGE = 200
_KINDS = (
    ("external-secrets.io/v1", "ExternalSecret"),
    ("eks.amazonaws.com/v1", "TargetGroupBinding"),
    ("v1", "PersistentVolumeClaim"),
)


def helm_releases(stack: RunningStack) -> Iterator[Finding]:
    """The newest revision of every release is deployed."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    # Helm's storage driver labels its Secrets: helm.sh/helm/v3/pkg/storage/driver/secrets.go.
    for one in stack.kubernetes.list("/api/v1/secrets", labelSelector="owner=helm"):
        metadata = one["metadata"]
        key = (metadata["namespace"], metadata["labels"]["name"])
        known = newest.get(key)
        revision = int(metadata["labels"]["version"])
        if known is None or revision > int(known["labels"]["version"]):
            newest[key] = metadata
    for (namespace, name), metadata in sorted(newest.items()):
        yield from judged_release(stack, f"{namespace}/{name}", metadata)
    names = ", ".join(name for _, name in sorted(newest))
    yield ok(f"releases: {names}") if newest else failed("there is no Helm release", "pulumi up")


def judged_release(stack: RunningStack, name: str, metadata: dict[str, Any]) -> Iterator[Finding]:
    """Judge a release by the labels of its newest revision."""
    labels = metadata["labels"]
    status = labels["status"]
    begun = labels.get("modifiedAt") or labels.get("createdAt")
    moment = datetime.fromtimestamp(int(begun), UTC) if begun else metadata["creationTimestamp"]
    age = stack.age_seconds(moment)
    text = f"release {name} is {status} since {told_age(age)} (revision {labels['version']})"
    advice = f"{_PAGE}#helm-releases"
    if status.startswith(("pending-", "uninstalling")):
        # One that is under way looks the same; nobody else can tell them apart.
        stuck = age > _PENDING_SECONDS
        yield failed(text, advice) if stuck else attention(f"{text}, or under way", advice)
    elif status == "failed":
        yield failed(text, advice)


def finalizers(stack: RunningStack) -> Iterator[Finding]:
    """Nothing waits to be deleted: no namespace, and none of the objects that others hold."""
    waiting = 0
    for one in stack.kubernetes.list("/api/v1/namespaces"):
        if leaving := one["metadata"].get("deletionTimestamp"):
            waiting += 1
            yield _leaving(stack, f"namespace {one['metadata']['name']}", leaving, _reasons(one))
    for api_version, kind in _KINDS:
        for one in stack.everywhere(api_version, kind):
            metadata = one["metadata"]
            if leaving := metadata.get("deletionTimestamp"):
                waiting += 1
                held = ", ".join(metadata.get("finalizers", []))
                name = f"{kind} {metadata['namespace']}/{metadata['name']}"
                yield _leaving(stack, name, leaving, f"held by {held}")
    if not waiting:
        yield ok("nothing waits to be deleted")


def _leaving(stack: RunningStack, name: str, since: str, why: str) -> Finding:
    age = stack.age_seconds(since)
    text = f"{name} is being deleted since {told_age(age)}: {why}"
    if age > _DELETION_SECONDS:
        return failed(text, f"{_PAGE}#finalizers")
    return attention(text, f"{_PAGE}#finalizers")


def _reasons(namespace: dict[str, Any]) -> str:
    said = [
        condition.get("message", "")
        for condition in namespace.get("status", {}).get("conditions", [])
        if condition["status"] == "True"
    ]
    return "; ".join(one for one in said if one)[:_MESSAGE] or "no reason is told yet"
