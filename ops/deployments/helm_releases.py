"""Helm releases that a killed run has left in the middle of an operation."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.stack_operations import Report

_PENDING = "pending-"
# Helm marks the old revision as superseded a moment before the new one counts as deployed.
_INSTALLED = ("deployed", "superseded")


@dataclass(frozen=True, kw_only=True)
class PendingRelease:
    """The newest revision of a release, which Helm has begun and not ended."""

    namespace: str
    name: str
    revision: int
    status: str
    secret: str
    """Path of the Secret in which Helm keeps it."""
    is_installed: bool
    """Whether an earlier revision was deployed, so that the release outlives this one."""


def pending_releases(api: KubeApi) -> Iterator[PendingRelease]:
    """Yield the releases of all namespaces that Helm refuses to touch.

    Whether a run is still at work on one of them, nobody can see there.
    """
    # helm.sh/docs/topics/advanced, "Storage backends": a Secret a revision, with these labels.
    by_release = defaultdict(list)
    for secret in api.list("/api/v1/secrets", labelSelector="owner=helm"):
        metadata = secret["metadata"]
        by_release[metadata["namespace"], metadata["labels"]["name"]].append(metadata)
    for (namespace, name), revisions in sorted(by_release.items()):
        newest = max(revisions, key=_revision)
        status = newest["labels"]["status"]
        if status.startswith(_PENDING):
            yield PendingRelease(
                namespace=namespace,
                name=name,
                revision=_revision(newest),
                status=status,
                secret=f"/api/v1/namespaces/{namespace}/secrets/{newest['name']}",
                is_installed=any(one["labels"]["status"] in _INSTALLED for one in revisions),
            )


def _revision(metadata: dict[str, Any]) -> int:
    return int(metadata["labels"]["version"])


def free_releases(api: KubeApi, report: Report) -> None:
    """Forget what was begun on each pending release, so that the next update puts it right.

    Only for a caller that knows that no run is at work. Objects in the cluster stay as they are. A
    release that was never deployed is left: its first installation has to be uninstalled.
    """
    for release in pending_releases(api):
        if not release.is_installed:
            continue
        try:
            api.delete(release.secret)
        except ApiError as error:
            if error.status != 404:
                raise
        report(
            f"revision {release.revision} of the release {release.name} was left "
            f"{release.status} and is forgotten"
        )
