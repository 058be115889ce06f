"""Which instances hold which pods."""

import gzip
import importlib.resources
import json

import pytest

from ops.cost.nodes import Instance, NoInstance, Pod, place
from ops.cost.prices import load_prices

GRAVITON = [
    Instance(type=name, hourly=price.amount)
    for name, price in load_prices().group("ec2.instance").items()
    if Instance(type=name, hourly=0).arm
]
WORKER = Pod(name="gateway", cpu=1000, memory=4096, spread="gateway")


def types(pods: list[Pod], zones: int = 3) -> list[str]:
    return sorted(node.instance.type for node in place(pods, GRAVITON, zones))


def test_a_worker_does_not_fit_the_cheapest_instance() -> None:
    assert not Instance(type="c6g.large", hourly=0.068).holds([WORKER])


def test_one_worker_gets_the_cheapest_instance_that_holds_it() -> None:
    assert types([WORKER]) == ["m6g.large"]


def test_workers_are_spread_over_zones() -> None:
    assert types([WORKER] * 3) == ["m6g.large"] * 3


def test_workers_of_a_single_zone_share_what_is_cheaper_together() -> None:
    hourly = {instance.type: instance.hourly for instance in GRAVITON}
    nodes = types([WORKER] * 2, zones=1)
    assert sum(hourly[name] for name in nodes) <= 2 * hourly["m6g.large"]


def test_small_pods_go_where_there_is_room() -> None:
    assert types([WORKER, Pod(name="small", cpu=100, memory=64)]) == ["m6g.large"]


def test_every_node_has_its_daemons() -> None:
    heavy = Pod(name="agent", cpu=250, memory=3000, daemon=True)
    assert types([WORKER, heavy]) == ["r6g.large"]


def test_no_pods_need_no_nodes() -> None:
    assert place([Pod(name="agent", cpu=100, daemon=True)], GRAVITON, 3) == []


def test_a_pod_that_nothing_holds_is_named() -> None:
    with pytest.raises(NoInstance, match="gateway"):
        place([Pod(name="gateway", cpu=64_000, memory=1)], GRAVITON, 3)


def test_sizes_agree_with_what_ec2_describes() -> None:
    packed = importlib.resources.files("moto.ec2").joinpath("resources/instance_types.json.gz")
    described = json.loads(gzip.decompress(packed.read_bytes()))
    for name in load_prices().group("ec2.instance"):
        instance = Instance(type=name, hourly=0)
        told = described.get(name)
        if told is None:
            continue
        assert told["VCpuInfo"]["DefaultVCpus"] == instance.cpus, name
        assert told["MemoryInfo"]["SizeInMiB"] * 0.925 > instance.memory, name
        assert told["MemoryInfo"]["SizeInMiB"] * 0.925 - instance.memory < 1700, name
        assert ("arm64" in told["ProcessorInfo"]["SupportedArchitectures"]) == instance.arm, name
