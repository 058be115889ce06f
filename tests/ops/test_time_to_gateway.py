"""The replay of a graph, and what it says of the delivered stacks."""

import pytest

from benchmarks.creation_times import is_warm_up, load_times
from benchmarks.resource_graph import Cycle, Task, critical_path, longest_chain, replay
from benchmarks.time_to_gateway import TARGET_RATIO, tasks_of, unavoidable
from infra import configuration
from sandbox.planned_resources import Plan
from sandbox.stack_files import PROJECT


def task(name: str, seconds: float, *others: str) -> Task:
    return Task(name=name, seconds=seconds, waits_for=frozenset(others))


# network 10 → cluster 600 → release 60; key 30 → cluster; database 400 → release.
KNOWN = [
    task("network", 10),
    task("key", 30),
    task("cluster", 600, "network", "key"),
    task("database", 400, "network"),
    task("component", 0, "cluster", "database"),
    task("release", 60, "component"),
]


def test_the_critical_path_of_a_known_graph() -> None:
    spans = replay(KNOWN)
    assert spans["release"].end == 30 + 600 + 60
    assert critical_path(KNOWN, spans, "release") == ["key", "cluster", "component", "release"]


def test_without_places_tasks_wait_in_the_order_in_which_they_are_ready() -> None:
    spans = replay(KNOWN, parallel=1)
    assert spans["key"].start == 10
    assert spans["database"].start == 40
    assert spans["release"].end == sum(each.seconds for each in KNOWN)


def test_a_task_that_is_not_the_engines_takes_no_place() -> None:
    tasks = [Task(name="node", seconds=50, engine=False), task("one", 10), task("two", 10)]
    spans = replay(tasks, parallel=1)
    assert (spans["node"].end, spans["two"].end) == (50, 20)


def test_the_longest_chain_has_no_limit_of_places() -> None:
    seconds, chain = longest_chain([*KNOWN, task("slow", 1000)])
    assert (seconds, chain) == (1000, ["slow"])


@pytest.mark.parametrize("others", [("two",), ("missing",)])
def test_tasks_that_can_never_start_are_named(others: tuple[str, ...]) -> None:
    with pytest.raises(Cycle, match="one"):
        replay([task("one", 1, *others), task("two", 1, "one")])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_nothing_waits_on_what_it_does_not_need(stack: str, plans: dict[str, Plan]) -> None:
    plan = plans[stack]
    settings = configuration.parse(stack, PROJECT, plan.configuration)
    times = load_times(settings, warm_nodes=any(map(is_warm_up, plan.resources)))
    tasks = tasks_of(plan, times)
    least, _ = longest_chain(unavoidable(plan, times))
    assert replay(tasks)["the gateway answers"].end <= TARGET_RATIO * least


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_only_the_masters_own_secret_waits_for_the_database(
    stack: str, plans: dict[str, Plan]
) -> None:
    plan = plans[stack]
    (database,) = plan.of_type("aws:rds/instance:Instance")
    secrets = "kubernetes:external-secrets.io/v1:ExternalSecret"
    needed = {each.urn: each.waits_for for each in plan.resources}

    def all_needed(urn: str) -> set[str]:
        return {urn}.union(*(all_needed(each) for each in needed[urn]))

    late = [each.name for each in plan.of_type(secrets) if database.urn in all_needed(each.urn)]
    assert late == ["database-master"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_unavoidable_chain_starts_pods_only_on_nodes_of_the_cluster(
    stack: str, plans: dict[str, Plan]
) -> None:
    settings = configuration.parse(stack, PROJECT, plans[stack].configuration)
    tasks = {each.name: each for each in unavoidable(plans[stack], load_times(settings))}
    assert tasks["migration"].waits_for == {"node and image", "database"}
    assert tasks["rollout"].waits_for == {"migration", "cache"}
