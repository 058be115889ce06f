"""What dev and prod cost, from what the real engine previews for them."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.cost.estimate import Estimate
from ops.cost.pods import MONITORING, monitoring_pods
from sandbox.paths import PROJECT_ROOT
from sandbox.planned_resources import Plan

# The EKS variant of AWS's own guidance, whose nodes (t4g.medium) cannot hold one gateway worker:
# github.com/aws-solutions-library-samples/guidance-for-multi-provider-generative-ai-gateway-on-aws
AWS_GUIDANCE = 384.83

Estimated = Callable[[str], Estimate]


def test_dev_costs_less_than_the_guidance_of_aws(estimated: Estimated) -> None:
    assert 0 < estimated("dev").monthly() < AWS_GUIDANCE


def test_the_nodes_of_dev_hold_a_worker_of_the_documented_size(estimated: Estimated) -> None:
    (pool,) = (line for line in estimated("dev").lines if "NodePool" in line.resource.type)
    assert [item.text for item in pool.items if item.price.key.startswith("ec2.instance")] == [
        "pool: 1 x m6g.large",
        "extra node of updates",
    ]
    # 8 GiB, of which a worker's 4 GiB fit with every reserve taken off.
    assert pool.items[0].price.amount == pytest.approx(0.077)


def test_the_readme_tells_what_the_stacks_cost(estimated: Estimated) -> None:
    told = f"`dev` is {estimated('dev').monthly():,.0f} USD a month and `prod` "
    assert f"{told}{estimated('prod').monthly():,.0f}," in (PROJECT_ROOT / "README.md").read_text()


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_no_resource_of_a_stack_is_unknown(stack: str, estimated: Estimated) -> None:
    assert [(entry.resource.type, entry.reason) for entry in estimated(stack).unknown] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_resource_is_accounted_for_once(
    stack: str, estimated: Estimated, plans: dict[str, Plan]
) -> None:
    found = estimated(stack)
    accounted = [line.resource.urn for line in found.lines]
    accounted += [resource.urn for resource, _ in found.free]
    assert sorted(accounted) == sorted(resource.urn for resource in plans[stack].resources)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_fixed_and_usage_parts_add_up_to_the_total(stack: str, estimated: Estimated) -> None:
    found = estimated(stack)
    assert found.monthly("fixed") + found.monthly("usage") == pytest.approx(found.monthly())


@pytest.mark.parametrize(("stack", "gib"), [("dev", (10, 1)), ("prod", (100, 1))])
def test_the_volumes_of_prometheus_and_alertmanager_are_priced(
    stack: str, gib: tuple[int, int], estimated: Estimated
) -> None:
    (release,) = (
        line
        for line in estimated(stack).lines
        if line.resource.name == "monitoring" and line.resource.type.endswith(":Release")
    )
    assert [item.text for item in release.items] == [
        f"Prometheus: {gib[0]} GiB volume",
        f"Alertmanager: {gib[1]} GiB volume",
    ]


def test_the_pods_of_prometheus_and_grafana_take_room_on_the_nodes(plans: dict[str, Plan]) -> None:
    (release,) = (
        resource
        for resource in plans["dev"].resources
        if resource.inputs.get("chart") == MONITORING
    )
    pods = {pod.name: pod for pod in monitoring_pods(release)}
    assert pods["prometheus"].memory == 512
    # Grafana itself and its two sidecars.
    assert pods["grafana"].memory == 256 + 2 * 96


def test_prod_costs_more_than_dev(estimated: Estimated) -> None:
    assert estimated("prod").monthly("fixed") > 2 * estimated("dev").monthly("fixed")


def test_the_command_prints_json_with_total_lines_and_assumptions() -> None:
    done = CliRunner().invoke(
        main, ["cost", "--stack", "dev", "--json", "--usage", "requests_per_day=4000"]
    )
    assert done.exit_code == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["unknown"] == []
    assert printed["monthly_total"] == pytest.approx(
        sum(line["monthly"] for line in printed["lines"]), abs=1
    )
    assert printed["usage"]["requests_per_day"] == 4000
    assert any("tokens of models" in text for text in printed["excluded"])


def test_a_resource_without_a_price_is_named_and_ends_the_command_with_3() -> None:
    done = CliRunner().invoke(
        main, ["cost", "--stack", "dev", "--set", "cache.nodeType=cache.m5.large"]
    )
    assert done.exit_code == 3
    assert "unknown: ReplicationGroup cache" in done.stdout
    assert "elasticache.valkey:cache.m5.large" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--usage", "request_per_day=1"], "unknown; known are"),
        (["--usage", "requests_per_day=many"], "requests_per_day='many'"),
        (["--set", "network.zones=9"], "network.zones"),
    ],
)
def test_wrong_assumptions_and_settings_fail_with_their_key(
    arguments: list[str], said: str
) -> None:
    done = CliRunner().invoke(main, ["cost", "--stack", "dev", *arguments])
    assert done.exit_code == 1
    assert said in done.stderr


def test_a_stack_that_is_not_there_fails_with_those_that_are() -> None:
    done = CliRunner().invoke(main, ["cost", "--stack", "staging"])
    assert done.exit_code == 1
    assert "dev, prod" in done.stderr
