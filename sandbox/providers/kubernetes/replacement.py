"""Which changes of an object the API server refuses, so that the object has to be replaced.

The fields are those of pulumi-kubernetes (provider/pkg/provider/diff.go), except that every change
of a Pod's spec replaces it, and with the immutable fields of PriorityClass, StorageClass and
ReplicaSet.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.kubernetes.cluster import Settings
from sandbox.providers.properties import Path

_METADATA = (("metadata", "name"), ("metadata", "namespace"))
_SELECTOR = ("spec", "selector")
_FIELDS: Mapping[tuple[str, str], tuple[Path, ...]] = {
    ("", "ConfigMap"): (("data",), ("binaryData",)),
    ("", "Secret"): (("type",), ("data",), ("stringData",)),
    ("", "Service"): (("spec", "clusterIP"),),
    ("", "Pod"): (("spec",),),
    ("", "PersistentVolumeClaim"): (("spec",),),
    ("", "ResourceQuota"): (("spec", "scopes"),),
    ("apps", "DaemonSet"): (_SELECTOR,),
    ("apps", "Deployment"): (_SELECTOR,),
    ("apps", "ReplicaSet"): (_SELECTOR,),
    ("apps", "StatefulSet"): (
        _SELECTOR,
        ("spec", "podManagementPolicy"),
        ("spec", "revisionHistoryLimit"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
    ),
    ("batch", "Job"): (
        _SELECTOR,
        ("spec", "completions"),
        ("spec", "parallelism"),
        ("spec", "template"),
    ),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("storage.k8s.io", "StorageClass"): (
        ("parameters",),
        ("provisioner",),
        ("reclaimPolicy",),
        ("volumeBindingMode",),
    ),
}


def group_of(api_version: str) -> str:
    """Return the group of an API version; that of ``v1`` is the empty string."""
    return api_version.rpartition("/")[0]


def replaces(path: Path, old: Mapping[str, Any], settings: Settings) -> bool:
    """Tell whether a change at a path of an object's inputs replaces the object."""
    group, kind = group_of(old["apiVersion"]), old["kind"]
    fields = _FIELDS.get((group, kind), ())
    mutable = {"ConfigMap": settings.config_maps_mutable, "Secret": settings.secrets_mutable}
    if not group and mutable.get(kind) and not old.get("immutable"):
        fields = (("type",),) if kind == "Secret" else ()
    if not group and kind in mutable and old.get("immutable"):
        fields += (("immutable",),)
    return any(
        path[: len(field)] == field or field[: len(path)] == path for field in (*_METADATA, *fields)
    )
