"""How long a first ``pulumi up`` takes until the gateway answers, beside what nobody can avoid."""

from collections.abc import Iterable
from typing import Any

from benchmarks.creation_times import RELEASE, CreationTimes, is_warm_up, load_times
from benchmarks.report import Figure, progress
from benchmarks.resource_graph import (
    ENGINE_PARALLELISM,
    Span,
    Task,
    critical_path,
    longest_chain,
    replay,
)
from infra import configuration
from sandbox.planned_resources import Plan
from sandbox.preview_only import plan_stack
from sandbox.stack_files import PROJECT

STACKS = ("dev", "prod")
TARGET_RATIO = 1.05
_BINDING = "kubernetes:eks.amazonaws.com/v1:TargetGroupBinding"
_LISTENER = "aws:lb/listener:Listener"
_ANSWERS = "the gateway answers"
_NODES = "nodes with the gateway's image"
# What the control plane, the database and the cache cannot be created without.
_NETWORK = ("aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet")
_KEY = "aws:kms/key:Key"
_ROLE = ("aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
_CONTROL_PLANE = "aws:eks/cluster:Cluster"
_ACCESS = (
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
)
_POOL = (
    "kubernetes:eks.amazonaws.com/v1:NodeClass",
    "kubernetes:karpenter.sh/v1:NodePool",
)
_STORES = {
    "database": ("aws:rds/subnetGroup:SubnetGroup", "aws:rds/instance:Instance"),
    "cache": (
        "aws:elasticache/subnetGroup:SubnetGroup",
        "aws:elasticache/replicationGroup:ReplicationGroup",
    ),
}


def time_to_gateway() -> Figure:
    """Replay dev and prod; the figure is that of the stack with the worse ratio."""
    replays = {stack: _replayed(stack) for stack in STACKS}
    worse = max(replays.values(), key=lambda each: each["seconds"] / each["unavoidable"])
    return Figure(
        benchmark="time_to_gateway",
        figure=round(worse["seconds"], 1),
        unit="s",
        against=round(worse["unavoidable"], 1),
        details={
            "target_ratio": TARGET_RATIO,
            "parallelism": ENGINE_PARALLELISM,
            "stacks": replays,
        },
    )


def _replayed(stack: str) -> dict[str, Any]:
    progress(f"preview of {stack}")
    plan = plan_stack(stack, {}, lambda _: None)
    settings = configuration.parse(stack, PROJECT, plan.configuration)
    times = load_times(settings, warm_nodes=any(map(is_warm_up, plan.resources)))
    tasks = tasks_of(plan, times)
    spans = replay(tasks)
    path = critical_path(tasks, spans, _ANSWERS)
    least, chain = longest_chain(unavoidable(plan, times))
    needed = _needed(plan, chain)
    _tell(stack, tasks, spans, path, needed)
    progress(f"unavoidable: {least:.0f} s: {' → '.join(chain)}")
    taking = [name for name in path if _took(spans, name)]
    return {
        "seconds": round(spans[_ANSWERS].end, 1),
        "unavoidable": round(least, 1),
        "ratio": round(spans[_ANSWERS].end / least, 3),
        "chain": chain,
        "critical_path": [_short(name) for name in path],
        "not_in_the_chain": [_short(name) for name in taking if name not in needed],
        "unconfirmed_times": times.unconfirmed(),
    }


def tasks_of(plan: Plan, times: CreationTimes) -> list[Task]:
    """Return a task for each resource, and one that ends when callers get an answer.

    Nodes that the warm-up asks for come up by themselves, and the gateway's release needs them.
    """
    warmed = frozenset(each.urn for each in plan.resources if is_warm_up(each))
    gateway = _gateway(plan)
    tasks = [
        Task(
            name=resource.urn,
            seconds=times.seconds(resource),
            waits_for=resource.waits_for
            | ({_NODES} if warmed and resource.urn in gateway else set()),
        )
        for resource in plan.resources
    ]
    if warmed:
        tasks.append(Task(name=_NODES, seconds=times.node, waits_for=warmed, engine=False))
    ends = frozenset(each.urn for kind in (_BINDING, _LISTENER) for each in plan.of_type(kind))
    return [*tasks, Task(name=_ANSWERS, seconds=0, waits_for=ends)]


def _gateway(plan: Plan) -> set[str]:
    return {each.urn for each in plan.of_type(RELEASE) if each.inputs.get("name") == "gateway"}


def unavoidable(plan: Plan, times: CreationTimes) -> list[Task]:
    """Return the waits that no program could avoid, with nothing else in between.

    The control plane needs a network, a role and its key; pods need the control plane, someone who
    may create them, a node and the image; the migration needs a node and the database; the rollout
    needs the migration and the cache. Keys and access are what the controls demand.
    """
    took = {kind: _longest(plan, kind, times) for kind in _kinds()}

    def together(kinds: Iterable[str]) -> float:
        return sum(took[kind] for kind in kinds)

    tasks = [
        Task(name="network", seconds=together(_NETWORK)),
        Task(name="key", seconds=took[_KEY]),
        Task(name="role", seconds=together(_ROLE)),
        _after("control plane", took[_CONTROL_PLANE], "network", "key", "role"),
        _after("access", together(_ACCESS), "control plane"),
        _after("node pool", together(_POOL), "access"),
        _after("node and image", times.node, "node pool"),
        *(_after(name, together(kinds), "network", "key") for name, kinds in _STORES.items()),
        _after("migration", times.phase("migration"), "node and image", "database"),
        _after("rollout", times.rollout, "migration", "cache"),
        _after("targets", times.phase("target-registration"), "rollout"),
    ]
    return tasks


def _kinds() -> set[str]:
    stores = {kind for kinds in _STORES.values() for kind in kinds}
    return {*_NETWORK, _KEY, *_ROLE, _CONTROL_PLANE, *_ACCESS, *_POOL, *stores}


def _after(name: str, seconds: float, *others: str) -> Task:
    return Task(name=name, seconds=seconds, waits_for=frozenset(others))


def _longest(plan: Plan, kind: str, times: CreationTimes) -> float:
    return max((times.seconds(each) for each in plan.of_type(kind)), default=0.0)


def _needed(plan: Plan, chain: list[str]) -> set[str]:
    """Return the resources that make up the unavoidable chain."""
    parts: dict[str, tuple[str, ...]] = {
        "network": _NETWORK,
        "key": (_KEY,),
        "role": _ROLE,
        "control plane": (_CONTROL_PLANE,),
        "access": _ACCESS,
        "node pool": _POOL,
        **_STORES,
        "targets": (_BINDING,),
    }
    kinds = {kind for name in chain for kind in parts.get(name, ())}
    return {each.urn for each in plan.resources if each.type in kinds} | _gateway(plan)


def _tell(
    stack: str, tasks: list[Task], spans: dict[str, Span], path: list[str], needed: set[str]
) -> None:
    progress(f"critical path of {stack}, {len(tasks) - 1} resources:")
    for name in path:
        if span := _took(spans, name):
            mark = " " if name in needed else "*"
            queued = span.start - span.ready
            late = f", {queued:.0f} s for a place" if queued else ""
            progress(f" {mark} {span.start:6.0f} - {span.end:6.0f} s  {_short(name)}{late}")
    progress("(* is not in the unavoidable chain)")


def _took(spans: dict[str, Span], name: str) -> Span | None:
    span = spans[name]
    return span if span.end > span.start else None


def _short(urn: str) -> str:
    """Return type and name of a resource."""
    parts = urn.split("::")
    if len(parts) < 4:
        return urn
    return f"{parts[2].rpartition('$')[2].rpartition(':')[2]} {parts[3]}"
