"""What a state holds of a Kubernetes cluster, and the state without it. Pure."""

from typing import Any

from ops.state.stack_state import Document, pending_operations, resources

_PROVIDER = "pulumi:providers:kubernetes::"


def cluster_objects(document: Document) -> list[str]:
    """Return the URNs of all that a Kubernetes provider made: objects and Helm releases."""
    return [str(one["urn"]) for one in resources(document) if _PROVIDER in one.get("provider", "")]


def without_cluster_objects(document: Document) -> Document:
    """Return a state that knows no object of a cluster any more, and refers to none.

    The provider stays, for it holds nothing. Order and everything else is as it was.
    """
    gone = set(cluster_objects(document))
    deployment = {
        **document["deployment"],
        "resources": [
            _without(one, gone) for one in resources(document) if str(one["urn"]) not in gone
        ],
        "pending_operations": [
            one
            for one in pending_operations(document)
            if str((one.get("resource") or {}).get("urn")) not in gone
        ],
    }
    return {**document, "deployment": deployment}


def _without(resource: Document, gone: set[str]) -> Document:
    kept = dict(resource)
    if "dependencies" in kept:
        kept["dependencies"] = _others(kept["dependencies"], gone)
    if "propertyDependencies" in kept:
        kept["propertyDependencies"] = {
            name: _others(urns, gone) for name, urns in kept["propertyDependencies"].items()
        }
    if kept.get("deletedWith") in gone:
        del kept["deletedWith"]
    return kept


def _others(urns: Any, gone: set[str]) -> list[str]:
    return [urn for urn in urns or [] if urn not in gone]
