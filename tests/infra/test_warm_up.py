"""The Job that has nodes launched before the gateway needs them."""

import json

import pytest
from recorded_program import Registered, run_program, stack_configuration


def of_name(resources: list[Registered], suffix: str) -> list[Registered]:
    return [each for each in resources if each.type.endswith(suffix) and each.name == "warm-up"]


@pytest.mark.parametrize(("stack", "replicas"), [("dev", 1), ("prod", 3)])
def test_the_warm_up_asks_for_what_the_gateway_asks_for(
    stack: str, replicas: int, request: pytest.FixtureRequest
) -> None:
    (job,) = of_name(request.getfixturevalue(stack), "batch/v1:Job")
    spec = job.inputs["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert spec["parallelism"] == replicas
    assert container["resources"]["requests"] == {"cpu": "1", "memory": "4096Mi"}


def test_the_warm_up_yields_to_every_other_pod(dev: list[Registered]) -> None:
    (priority,) = of_name(dev, "PriorityClass")
    (job,) = of_name(dev, "batch/v1:Job")
    assert priority.inputs["value"] < 0
    assert priority.inputs["preemptionPolicy"] == "Never"
    assert (
        job.inputs["spec"]["template"]["spec"]["priorityClassName"]
        == (priority.inputs["metadata"]["name"])
    )


def test_nothing_waits_for_the_warm_up(dev: list[Registered]) -> None:
    (job,) = of_name(dev, "batch/v1:Job")
    assert job.inputs["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_the_warm_up_can_be_turned_off() -> None:
    configuration = stack_configuration("dev")
    gateway = json.loads(configuration.get("litellm-gateway:gateway", "{}"))
    configuration["litellm-gateway:gateway"] = json.dumps({**gateway, "warmUp": False})
    assert of_name(run_program("dev", configuration), "batch/v1:Job") == []
