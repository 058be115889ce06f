"""What runs beside the gateway while a version is tried. Pure: live objects in, objects out.

Everything is made of what serves: the migration's pod of the last roll-out, the proxy's pod and its
configuration. Only the image, the database and the ways out into the world are others.
"""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra.cache import PORT as CACHE_PORT
from infra.naming import NAMESPACE
from ops.deployments.deployment import ADMIN_KEY
from ops.deployments.errors import DeploymentError

Object = dict[str, Any]

MIGRATION, SMOKE, RESOLUTION = "upgrade-migration", "upgrade-smoke", "resolve-migration"
PART_OF = "app.kubernetes.io/part-of"
LABEL = "ops-upgrade"
_COMPONENT = "app.kubernetes.io/component"
PROBE = "probe"
_GRACE_SECONDS = 5
_SCRIPT = Path(__file__).with_name("smoke.py")
_RESOLVE = Path(__file__).with_name("resolve.py")
_RESULT = "/dev/termination-log"
# What would let a proxy on a copy of the database speak for the gateway: it would take updates of
# spend and locks from the shared cache, and alert people.
_SECTIONS = {
    "general_settings": re.compile(r"alert.*|coordination_redis|use_redis_transaction_buffer"),
    "litellm_settings": re.compile(r"cache|cache_params"),
    "router_settings": re.compile(r"redis_.*|cache_.*"),
}
_VARIABLES = re.compile(r"REDIS_.*|SLACK_.*|SMTP_.*|DATABASE_URL_READ_REPLICA")


def migration_pod(job: Object, image: str, host: str) -> Object:
    """Return a pod that migrates the database on a host as the image's release would."""
    spec = copy.deepcopy(job["spec"]["template"]["spec"])
    (container,) = spec["containers"]
    _use(container, image, host)
    return _pod(MIGRATION, job["spec"]["template"]["metadata"]["labels"], spec)


def resolution_pod(job: Object, arguments: Sequence[str]) -> Object:
    """Return a pod that runs `prisma migrate resolve` as the Job would, on the same database."""
    spec = copy.deepcopy(job["spec"]["template"]["spec"])
    (container,) = spec["containers"]
    container["command"] = ["python", "-c", _RESOLVE.read_text(), *arguments]
    container.pop("args", None)
    return _pod(RESOLUTION, job["spec"]["template"]["metadata"]["labels"], spec)


def smoke_pod(deployment: Object, image: str, host: str, model: str | None, seconds: int) -> Object:
    """Return a pod with the proxy on another database, and a container that asks it.

    Its labels are those of no Service, load balancer or disruption budget. ``model`` is asked for
    a completion; None for the list of models.
    """
    template = copy.deepcopy(deployment["spec"]["template"])
    spec = template["spec"]
    (proxy,) = spec["containers"]
    live_config = config_map_name(deployment)
    for volume in spec["volumes"]:
        if volume.get("configMap", {}).get("name") == live_config:
            volume["configMap"]["name"] = SMOKE
    spec.pop("topologySpreadConstraints", None)
    _use(proxy, image, host)
    proxy.pop("lifecycle", None)
    proxy["env"] = [one for one in proxy["env"] if not _VARIABLES.fullmatch(one["name"])]
    spec["containers"].append(_probe(proxy, model, seconds))
    return _pod(SMOKE, template["metadata"]["labels"], spec)


def config_map_name(deployment: Object) -> str:
    """Return the name of the ConfigMap that the serving pods are configured by."""
    for volume in deployment["spec"]["template"]["spec"]["volumes"]:
        if volume["name"] == "config":
            return str(volume["configMap"]["name"])
    raise DeploymentError("the gateway's pods have no volume named config")


def config_map(live: Object) -> Object:
    """Return the configuration for the pod that is asked: the live one without cache and alerts."""
    data = {
        name: alone(text) if name == "config.yaml" else text for name, text in live["data"].items()
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _metadata(SMOKE), "data": data}


def alone(text: str) -> str:
    """Return a configuration without what the proxy would share with the serving ones."""
    document = yaml.safe_load(text)
    for section, pattern in _SECTIONS.items():
        settings = document.get(section) or {}
        for key in [key for key in settings if pattern.fullmatch(key)]:
            del settings[key]
    return yaml.safe_dump(document, sort_keys=False)


def secret(values: Mapping[str, str]) -> Object:
    """Return the Secret with what the questions are asked with."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": _metadata(SMOKE),
        "stringData": dict(values),
    }


def network_policy(proxy: Object) -> Object:
    """Return the policy for the pod that is asked: the proxies' ways out, but for the cache."""
    egress = [rule for rule in proxy["spec"].get("egress", []) if not _is_cache(rule)]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(SMOKE),
        "spec": {
            "podSelector": {"matchLabels": {_COMPONENT: SMOKE}},
            "policyTypes": ["Egress"],
            "egress": egress,
        },
    }


def secrets_named(pod: Object) -> set[tuple[str, str]]:
    """Return name and key of every Secret that a pod's variables come from."""
    return {
        (source["name"], source["key"])
        for container in pod["spec"]["containers"]
        for one in container.get("env", [])
        if (source := one.get("valueFrom", {}).get("secretKeyRef"))
    }


def _is_cache(rule: Object) -> bool:
    return any(port.get("port") == CACHE_PORT for port in rule.get("ports", []))


def _use(container: Object, image: str, host: str) -> None:
    container["image"] = image
    urls = [one for one in container["env"] if one["name"] == "DATABASE_URL"]
    if len(urls) != 1 or "value" not in urls[0]:
        raise DeploymentError("the gateway's pods have no variable DATABASE_URL of their own")
    urls[0]["value"] = re.sub(r"@[^/@:]+:", f"@{host}:", urls[0]["value"], count=1)


def _probe(proxy: Object, model: str | None, seconds: int) -> Object:
    kept = [one for one in proxy["env"] if one["name"] in ("POD_IP", "TMPDIR", ADMIN_KEY)]
    from_secret = [
        {
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": SMOKE, "key": name, "optional": True}},
        }
        for name in ("SMOKE_KEY", "SMOKE_CREDENTIAL", "SMOKE_VALUE")
    ]
    return {
        "name": PROBE,
        "image": proxy["image"],
        "imagePullPolicy": proxy.get("imagePullPolicy", "IfNotPresent"),
        "command": ["python", "-c", _SCRIPT.read_text(), _RESULT, str(seconds), model or ""],
        "env": [*kept, *from_secret],
        "terminationMessagePath": _RESULT,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": proxy["securityContext"],
    }


def _pod(name: str, labels: Mapping[str, str], spec: Object) -> Object:
    spec.pop("priorityClassName", None)  # it preempts nobody
    for container in spec["containers"]:
        container["terminationMessagePolicy"] = "FallbackToLogsOnError"
    spec["restartPolicy"] = "Never"
    spec["terminationGracePeriodSeconds"] = _GRACE_SECONDS
    metadata = _metadata(name)
    # Those that network policies go by, and none of a controller's.
    kept = _named(labels, ("app.kubernetes.io/name", "app.kubernetes.io/instance"))
    metadata["labels"] = {**kept, _COMPONENT: name, **metadata["labels"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _metadata(name: str) -> Object:
    return {"name": name, "namespace": NAMESPACE, "labels": {PART_OF: LABEL}}


def _named(labels: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: labels[name] for name in names if name in labels}
