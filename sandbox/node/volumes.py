"""The files of a pod's volumes, and where a container's mounts really are."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node import downward
from sandbox.node.objects import Objects, Reference, TokenRequest

# The API server's defaults of defaultMode and expirationSeconds.
_MODE, _TOKEN_SECONDS = 0o644, 3600
_OWNER = 0o700
_KINDS = {"secret": "Secret", "configMap": "ConfigMap"}


@dataclass(frozen=True)
class File:
    """A file of a volume: its path in the volume, content, and mode for its owner alone."""

    path: str
    content: bytes
    mode: int


def references(pod: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield the Secrets and ConfigMaps that the pod's volumes come from."""
    for _, kind, source in _sources(pod):
        if kind in _KINDS:
            yield Reference(_KINDS[kind], _object_name(source))


def token_requests(pod: Mapping[str, Any]) -> Iterator[TokenRequest]:
    """Yield the service-account tokens that the pod's volumes hold."""
    for _, kind, source in _sources(pod):
        if kind == "serviceAccountToken":
            yield _token_request(source)


def build(pod: Mapping[str, Any], objects: Objects) -> dict[str, tuple[File, ...]]:
    """Return the files of each volume that has any of its own (an emptyDir has none).

    A file belongs to the pod's process alone: of a mode, the owner's part counts. MissingObject
    for a source that is not optional.
    """
    files: dict[str, list[File]] = {}
    for volume, kind, source in _sources(pod):
        whole = volume.get("projected") or source
        mode = whole.get("defaultMode", _MODE) & _OWNER
        content = files.setdefault(volume["name"], [])
        content.extend(_files(pod, kind, source, mode, objects))
    return {name: tuple(content) for name, content in files.items()}


def _sources(
    pod: Mapping[str, Any],
) -> Iterator[tuple[Mapping[str, Any], str, Mapping[str, Any]]]:
    """Yield every source of every volume: the volume, the source's kind, and the source."""
    for volume in pod["spec"].get("volumes", []):
        for source in volume.get("projected", {}).get("sources", [volume]):
            for kind in ("secret", "configMap", "downwardAPI", "serviceAccountToken"):
                if kind in source:
                    yield volume, kind, source[kind]


def _files(
    pod: Mapping[str, Any], kind: str, source: Mapping[str, Any], mode: int, objects: Objects
) -> Iterator[File]:
    if kind == "serviceAccountToken":
        yield File(source["path"], objects.tokens[_token_request(source)].encode(), 0o600)
    elif kind == "downwardAPI":
        for item in source.get("items", []):
            yield File(item["path"], _downward(pod, item).encode(), item.get("mode", mode) & _OWNER)
    else:
        reference = Reference(_KINDS[kind], _object_name(source))
        optional = source.get("optional", False)
        if items := source.get("items"):
            for item in items:
                content = objects.key(reference, item["key"], optional)
                if content is not None:
                    yield File(item["path"], content, item.get("mode", mode) & _OWNER)
        else:
            for key, content in objects.read(reference, optional).items():
                yield File(key, content, mode)


def _downward(pod: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    if chosen := item.get("resourceFieldRef"):
        containers = {container["name"]: container for container in pod["spec"]["containers"]}
        return downward.resource(containers[chosen["containerName"]], chosen)
    return downward.field(pod, item["fieldRef"]["fieldPath"])


def _object_name(source: Mapping[str, Any]) -> str:
    return source.get("secretName") or source["name"]


def _token_request(source: Mapping[str, Any]) -> TokenRequest:
    return TokenRequest(source.get("audience", ""), source.get("expirationSeconds", _TOKEN_SECONDS))


def mounts(container: Mapping[str, Any], directory: Path) -> dict[str, Path]:
    """Return where each mount path of the container really is, below the volumes' directory."""
    return {
        mount["mountPath"].rstrip("/") or "/": directory / mount["name"] / mount.get("subPath", "")
        for mount in container.get("volumeMounts", [])
    }


def rewriter(places: Mapping[str, Path]) -> Callable[[str], str]:
    """Return a function that replaces every mount path in a text by its real place.

    A path counts where it starts a path (not in the middle of a longer one, nor of a URL) and
    ends at a boundary of path segments; the longest mount path wins.
    """
    if not places:
        return lambda text: text
    paths = "|".join(re.escape(path) for path in _longest_first(places))
    pattern = re.compile(rf"(?:(?<![\w./-])|(?<=file://))(?:{paths})(?![\w.-])")
    return lambda text: pattern.sub(lambda match: str(places[match[0]]), text)


def _longest_first(paths: Iterable[str]) -> list[str]:
    return sorted(paths, key=len, reverse=True)
