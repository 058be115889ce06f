"""Checks the inputs of objects and compares them with those of the last deployment."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.kube_api import ApiError
from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.objects import marked
from sandbox.providers.properties import UNKNOWN, Change, Path, changes, path_text, plain

AUTONAMED = "pulumi.com/autonamed"
_SUFFIX_LENGTH = 8

_KINDS = {
    (Change.ADD, False): pb.PropertyDiff.ADD,
    (Change.ADD, True): pb.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): pb.PropertyDiff.DELETE,
    (Change.DELETE, True): pb.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): pb.PropertyDiff.UPDATE,
    (Change.UPDATE, True): pb.PropertyDiff.UPDATE_REPLACE,
}


def generated_name(name: str, seed: bytes) -> str:
    """Return a resource's name with the random suffix that the engine's seed leads to."""
    return f"{name}-{hashlib.sha256(seed).hexdigest()[:_SUFFIX_LENGTH]}"


def check_object(
    cluster: Cluster,
    kind: tuple[str, str],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    name: str,
    seed: bytes,
) -> dict[str, Any]:
    """Return an object's inputs with its name and namespace filled in.

    Raises :class:`ProviderError` for an object whose form cannot be right.
    """
    inputs = dict(new)
    for key, expected in zip(("apiVersion", "kind"), kind, strict=True):
        given = plain(inputs.get(key))
        if given != expected:
            raise ProviderError(f"the {key} of {name} is {given!r}, its type says {expected!r}")
    metadata = plain(inputs.get("metadata"))
    if metadata is UNKNOWN:
        return inputs
    if metadata is not None and not isinstance(metadata, dict):
        raise ProviderError(f"the metadata of {name} is no mapping")
    if metadata and "generateName" in metadata:
        raise ProviderError(f"metadata.generateName of {name} is not known in the sandbox")
    inputs["metadata"] = completed = _unwrapped(inputs.get("metadata"))
    if completed.get("name") is None:
        completed |= _automatic_name(completed, plain(old).get("metadata") or {}, name, seed)
    if completed.get("namespace") is None and _is_namespaced(cluster, kind):
        completed["namespace"] = cluster.namespace
    return marked(inputs)


def _unwrapped(metadata: Any) -> dict[str, Any]:
    # The metadata of an object is not secret as a whole: names go into ids.
    return dict(getattr(metadata, "value", metadata) or {})


def _automatic_name(
    metadata: Mapping[str, Any], old: Mapping[str, Any], name: str, seed: bytes
) -> dict[str, Any]:
    kept = old.get("name") if (old.get("annotations") or {}).get(AUTONAMED) == "true" else None
    annotations = {**(_unwrapped(metadata.get("annotations"))), AUTONAMED: "true"}
    return {"name": kept or generated_name(name, seed), "annotations": annotations}


def _is_namespaced(cluster: Cluster, kind: tuple[str, str]) -> bool:
    if cluster.api is None:
        return False
    try:
        return bool(cluster.api.kind(*kind)["namespaced"])
    except ApiError:
        return False


def object_changes(
    cluster: Cluster, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[Path, Change]]:
    """Yield the differences between an object's inputs.

    The default namespace is the same whether it is named or not: while a kind's definition is
    missing, it cannot be told whether its objects have one.
    """
    defaults = {None, cluster.namespace}
    for path, kind in changes(old, new):
        if path == ("metadata", "namespace"):
            names = {
                (plain(inputs).get("metadata") or {}).get("namespace") for inputs in (old, new)
            }
            if names <= defaults:
                continue
        yield path, kind


def diff_response(
    found: Iterable[tuple[Path, Change, bool]],
    ignored: Iterable[str] = (),
    *,
    same_name: bool = False,
) -> pb.DiffResponse:
    """Return the engine's form of differences, each with whether it replaces the resource."""
    kept = [
        (path, kind, replaces)
        for path, kind, replaces in found
        if not any(_covers(pattern, path) for pattern in ignored)
    ]
    detailed = {
        path_text(path): pb.PropertyDiff(kind=_KINDS[kind, replaces], inputDiff=True)
        for path, kind, replaces in kept
    }
    replaced = sorted({path_text(path) for path, _, replaces in kept if replaces})
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if kept else pb.DiffResponse.DIFF_NONE,
        replaces=replaced,
        deleteBeforeReplace=bool(replaced) and same_name,
        diffs=sorted({str(path[0]) for path, _, _ in kept}),
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


def _covers(pattern: str, path: Path) -> bool:
    text = path_text(path)
    return text == pattern or text.startswith((f"{pattern}.", f"{pattern}["))
