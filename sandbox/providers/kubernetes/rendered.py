"""Lets the API server judge what Helm would install, without installing it.

Helm itself does not: it sends objects without strict field validation, and judges none of them in
a dry run.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sandbox.kube_api import ApiError, KubeApi, UnknownKind

# Their names follow from their content, so they cannot be tried under another one.
_NAMED_BY_CONTENT = ("APIService", "CustomResourceDefinition")
_LONGEST_PREFIX = 50


def refusals(api: KubeApi, release: str, namespace: str) -> list[str]:
    """Return what the API server would refuse of a release, given as Helm's JSON of a dry run.

    Objects are tried as new ones, under generated names, so that what the cluster has already does
    not mix with them. Kinds and namespaces that are not there yet are passed over.
    """
    found = []
    for obj in _objects(json.loads(release)):
        try:
            _try(api, obj, namespace)
        except UnknownKind:
            continue
        except ApiError as error:
            if error.status == 404 and error.details.get("kind") == "namespaces":
                continue
            found.append(f"{obj['kind']} {obj['metadata'].get('name')}: {error.message}")
    return found


def _objects(release: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    hooks = [hook["manifest"] for hook in release.get("hooks") or []]
    for manifest in [release.get("manifest") or "", *hooks]:
        yield from (obj for obj in yaml.safe_load_all(manifest) if obj)


def _try(api: KubeApi, obj: dict[str, Any], namespace: str) -> None:
    if obj["kind"] in _NAMED_BY_CONTENT:
        api.apply(obj, "helm", dry_run=True)
        return
    metadata = {**obj["metadata"]}
    metadata["generateName"] = f"{metadata.pop('name')[:_LONGEST_PREFIX]}-"
    where = metadata.get("namespace") or namespace
    path = api.collection_path(obj["apiVersion"], obj["kind"], where)
    api.create(path, {**obj, "metadata": metadata}, dryRun="All", fieldValidation="Strict")
