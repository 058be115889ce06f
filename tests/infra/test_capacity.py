"""What scales must fit into what does not, or the settings are refused with the arithmetic."""

from typing import Any

import pytest
from test_settings import problems_of, settings_of

from infra.capacity import MEMORY_FLOOR_MIB, WORKERS_A_POD
from infra.database_classes import MEMORY_GIB, max_connections


@pytest.mark.parametrize(
    ("instance_class", "connections"),
    [("db.t4g.micro", 112), ("db.t4g.small", 225), ("db.m7g.large", 901), ("db.r7g.4xlarge", 5000)],
)
def test_connections_follow_rds_formula(instance_class: str, connections: int) -> None:
    assert max_connections(instance_class) == connections


def test_a_memory_optimized_class_has_twice_the_memory_of_a_general_one() -> None:
    assert MEMORY_GIB["db.r7g.large"] == 2 * MEMORY_GIB["db.m7g.large"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_delivered_stacks_give_a_worker_the_documented_memory(stack: str) -> None:
    settings = settings_of(stack)
    assert settings.gateway.memory_mib // WORKERS_A_POD >= MEMORY_FLOOR_MIB
    assert settings.capacity.waive_memory_floor is None


# Settings of dev, and the arithmetic that the error must show.
TOO_MUCH: list[tuple[dict[str, Any], str]] = [
    (
        {"gateway.maximumReplicas": 4},
        "2 (old and new pods of a roll-out) * 4 replicas * 1 worker * 10 connections + 6 for jobs "
        "= 86 connections; db.t4g.micro has 112, of which 78 are usable (a reserve of 30 %); "
        "choose a class with more memory, such as db.t4g.small",
    ),
    (
        {"gateway.memoryMib": 1024},
        "1024 MiB / 1 worker = 1024 MiB, below the 4096 MiB that LiteLLM documents",
    ),
    (
        {"cluster.cpuLimit": 4},
        "1 replicas + 1 during a roll-out, each on a node of 2 vCPUs at worst, + 2 for controllers "
        "= 6 vCPUs, above 4",
    ),
    (
        {"cluster.cpuLimit": 8, "gateway.cpu": "2000m"},
        "each on a node of 4 vCPUs at worst, + 2 for controllers = 10 vCPUs, above 8",
    ),
    (
        {
            "network.cidr": "10.40.0.0/20",
            "gateway.maximumReplicas": 60,
            "cluster.cpuLimit": 1000,
            "database.instanceClass": "db.r7g.4xlarge",
        },
        "60 replicas + 1 during a roll-out + 3 other nodes = 64 nodes at worst, each with 1 "
        "address + 2 prefixes of 16 = 2112 addresses; with one zone lost, the private subnets "
        "10.40.0.0/22, 10.40.4.0/22, 10.40.8.0/22 have 1974",
    ),
]


@pytest.mark.parametrize(("changes", "told"), TOO_MUCH, ids=[told[:40] for _, told in TOO_MUCH])
def test_what_does_not_fit_is_refused_with_its_arithmetic(
    changes: dict[str, Any], told: str
) -> None:
    (problem,) = problems_of("dev", changes)
    assert told in problem


def test_less_memory_needs_a_reason() -> None:
    reason = "Mocked models, one developer, one machine."
    settings = settings_of("dev", {"gateway.memoryMib": 1024, "capacity.waiveMemoryFloor": reason})
    assert settings.capacity.waive_memory_floor == reason


def test_a_waiver_that_nothing_needs_is_refused() -> None:
    (problem,) = problems_of("dev", {"capacity.waiveMemoryFloor": "An old reason, out of use."})
    assert "remove the waiver" in problem


def test_everything_that_does_not_fit_is_told_at_once() -> None:
    problems = problems_of(
        "dev", {"gateway.maximumReplicas": 40, "gateway.memoryMib": 512, "cluster.cpuLimit": 2}
    )
    assert [problem.split(":")[0] for problem in problems] == [
        "gateway.maximumReplicas",
        "gateway.memoryMib",
        "cluster.cpuLimit",
    ]
