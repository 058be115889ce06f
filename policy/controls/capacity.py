"""Row 32: what scales fits into what does not."""

import re
from collections.abc import Iterator

import yaml
from pulumi_policy import Severity

from policy.control import Control
from policy.controls.workloads import is_gateway
from policy.resource_types import CONFIG_MAP, DATABASE, RELEASE
from policy.stack import CannotTell, Resource, Stack
from policy.values import at

# 1 vCPU and 4 GiB for a worker: docs.litellm.ai/docs/proxy/prod
MEMORY_FLOOR_MIB = 4096
# LEAST({DBInstanceClassMemory/9531392}, 5000):
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
_BYTES_A_CONNECTION = 9_531_392
_MOST_CONNECTIONS = 5000
# GiB of the burstable classes below large; then large has 8 (r: 16), and each size twice the last:
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
_SMALL = {"micro": 1, "small": 2, "medium": 4}
_CLASS = re.compile(r"db\.(t|m|r)\w+\.(?:(micro|small|medium|large)|(\d*)xlarge)")
_MEMORY = re.compile(r"(\d+)(Mi|Gi)")


def connections(instance_class: str) -> int:
    """Return the most connections that a database class takes by default."""
    matched = _CLASS.fullmatch(instance_class)
    if matched is None:
        raise CannotTell(f"the memory of {instance_class} is not known to this policy")
    family, small, times = matched.groups()
    if small in _SMALL:
        gib = _SMALL[small]
    else:
        gib = (16 if family == "r" else 8) * (1 if small else 2 * int(times or 1))
    return min(gib * 2**30 // _BYTES_A_CONNECTION, _MOST_CONNECTIONS)


def fits_into_the_database(release: Resource, stack: Stack) -> Iterator[str]:
    if not is_gateway(release):
        return
    values = release.inputs["values"]
    replicas = at(values, "autoscaling", "maximumReplicas") or at(values, "replicaCount")
    # The chart starts one worker in a pod.
    needed = int(replicas) * _pool(release, stack)
    for database in stack.behind(release, "values", DATABASE):
        offered = connections(str(database.inputs.get("instanceClass")))
        if needed >= offered:
            yield f"its pods open {needed} connections; {database.name} takes {offered}"


def _pool(release: Resource, stack: Stack) -> int:
    for file in stack.behind(release, "values", CONFIG_MAP):
        text = at(file.inputs, "data", "config.yaml")
        if text:
            limit = at(yaml.safe_load(text), "general_settings", "database_connection_pool_limit")
            if limit:
                return int(limit)
    raise CannotTell("no configuration says database_connection_pool_limit")


def has_the_documented_memory(release: Resource, stack: Stack) -> Iterator[str]:
    if not is_gateway(release):
        return
    memory = str(at(release.inputs, "values", "resources", "memory"))
    matched = _MEMORY.fullmatch(memory)
    if not matched or int(matched[1]) * (1024 if matched[2] == "Gi" else 1) < MEMORY_FLOOR_MIB:
        yield f"resources.memory {memory} is below {MEMORY_FLOOR_MIB} MiB for a worker"


def shares_limits_between_replicas(release: Resource, stack: Stack) -> Iterator[str]:
    if not is_gateway(release):
        return
    values = release.inputs["values"]
    most = at(values, "autoscaling", "maximumReplicas") or at(values, "replicaCount") or 1
    if most > 1 and not at(values, "environment", "REDIS_HOST"):
        yield "several replicas without Redis each count limits for themselves"


CONTROLS = (
    Control(
        row=32,
        name="capacity",
        requires="all pods' connections fit into the database, a worker has the documented memory, "
        "replicas share Redis",
        ids=("bundle rule",),
        severity=Severity.HIGH,
        checks={
            RELEASE: (
                fits_into_the_database,
                has_the_documented_memory,
                shares_limits_between_replicas,
            )
        },
        elsewhere="reserves for roll-outs and jobs: infra/capacity.py, before anything is made",
    ),
)
