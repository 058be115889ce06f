"""Secrets on their way from Secrets Manager into the cluster."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack
from sandbox.kube_api import ApiError

_API = "external-secrets.io/v1"
_PINNED = "uuid/"
_MESSAGE = 200
_UP = "pulumi up"


def external_secrets(stack: RunningStack) -> Iterator[Finding]:
    """The store is ready; every ExternalSecret is synced, its Secret there, its version kept."""
    synced = list(stack.everywhere(_API, "ExternalSecret"))
    if not synced:
        yield failed("there is no ExternalSecret", _UP)
    for store in sorted({one["spec"]["secretStoreRef"]["name"] for one in synced}):
        yield from _store(stack, store)
    for one in synced:
        yield from _external_secret(stack, one)
    yield ok(f"{len(synced)} ExternalSecrets, each with its version in Secrets Manager")


def _store(stack: RunningStack, name: str) -> Iterator[Finding]:
    path = f"{stack.kubernetes.collection_path(_API, 'ClusterSecretStore')}/{name}"
    if wrong := _not_ready(stack.kubernetes.get(path)):
        yield failed(
            f"ClusterSecretStore {name} is not ready: {wrong}",
            "kubectl -n external-secrets logs deployment/external-secrets",
        )


def _external_secret(stack: RunningStack, one: dict[str, Any]) -> Iterator[Finding]:
    namespace, name = one["metadata"]["namespace"], one["metadata"]["name"]
    if wrong := _not_ready(one):
        yield failed(
            f"ExternalSecret {namespace}/{name} is not synced: {wrong}",
            f"kubectl -n {namespace} describe externalsecret {name}",
        )
    target = one["spec"].get("target", {}).get("name") or name
    try:
        stack.kubernetes.get(f"/api/v1/namespaces/{namespace}/secrets/{target}")
    except ApiError as error:
        if error.status != 404:
            raise
        yield failed(
            f"Secret {namespace}/{target} is not there: pods that start now wait for it",
            f"kubectl -n {namespace} annotate externalsecret {name} --overwrite "
            "force-sync=$(date +%s)",
        )
    for source in one["spec"].get("dataFrom", []):
        if extract := source.get("extract"):
            yield from _version(stack, name, extract["key"], extract.get("version"))


def _version(stack: RunningStack, name: str, key: str, version: str | None) -> Iterator[Finding]:
    """Whether the next sync, in a new cluster for example, would find what is synced now."""
    try:
        entry = stack.aws("secretsmanager").describe_secret(SecretId=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield failed(f"{key}, which {name} is made from, is not in Secrets Manager", _UP)
        return
    if deleted := entry.get("DeletedDate"):
        yield failed(
            f"{key} will be deleted on {deleted:%Y-%m-%d}",
            f"aws secretsmanager restore-secret --secret-id {key}",
        )
    pinned = (version or "").removeprefix(_PINNED)
    # Versions without a label are not listed, and are deleted sooner or later.
    if pinned and pinned not in entry.get("VersionIdsToStages", {}):
        yield attention(
            f"the version of {key} that {name} pins is gone from Secrets Manager: pods have the "
            "value still, and no other cluster can get it",
            "docs/runbooks/rotation.md",
        )


def _not_ready(one: dict[str, Any]) -> str:
    for condition in one.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            if condition["status"] == "True":
                return ""
            return str(condition.get("message") or condition.get("reason"))[:_MESSAGE]
    return "the controller has said nothing of it yet"
