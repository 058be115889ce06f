"""The tables of the AWS provider against the SDK, botocore and moto."""

import jmespath
import pytest
from moto_client import client

from sandbox.providers.aws import sdk, service_model
from sandbox.providers.aws.parameters import known_properties
from sandbox.providers.aws.table import Call, ResourceType
from sandbox.providers.aws.tables import TABLE
from sandbox.providers.aws.zones import zones

every_type = pytest.mark.parametrize("kind", TABLE.values(), ids=TABLE)


def _calls(kind: ResourceType) -> list[Call]:
    calls = [kind.create, *kind.settings, *kind.updates, *kind.reads, kind.delete]
    return [call for call in calls if isinstance(call, Call)]


@every_type
def test_every_input_that_an_entry_names_is_one_of_the_sdk(kind: ResourceType) -> None:
    named = {*kind.also, *kind.replace, *kind.in_place, *kind.defaults}
    assert named <= sdk.resource_class(kind.type).inputs.keys()


@every_type
def test_every_output_that_an_entry_names_is_one_of_the_sdk(kind: ResourceType) -> None:
    unread = {path.partition(".")[0] for path in kind.unread}
    named = {*kind.outputs, *kind.unset_when_absent, *kind.chosen_members, *unread}
    assert named <= sdk.resource_class(kind.type).outputs.keys()


@every_type
def test_every_required_input_is_known_to_its_entry(kind: ResourceType) -> None:
    inputs = sdk.resource_class(kind.type).inputs
    required = {name for name, declared in inputs.items() if not declared.optional}
    assert required <= known_properties(kind)


@every_type
def test_every_operation_of_an_entry_is_one_of_its_service(kind: ResourceType) -> None:
    for call in _calls(kind):
        model = service_model.operation(call.service or kind.service, call.operation)
        members = model.input_shape.members if model.input_shape else {}
        assert call.fixed.keys() <= members.keys()


@every_type
def test_every_path_of_an_entry_is_a_jmespath(kind: ResourceType) -> None:
    for call in _calls(kind):
        jmespath.compile(call.result)
    if not kind.kept_in_state:
        for rule in kind.outputs.values():
            if isinstance(rule, str):
                jmespath.compile(rule)


def test_a_type_that_the_sdk_lacks_is_named() -> None:
    with pytest.raises(LookupError, match="aws:ec2/vpn:Vpn"):
        sdk.resource_class("aws:ec2/vpn:Vpn")


def test_every_pattern_of_the_services_in_use_can_be_judged() -> None:
    for service in {kind.service for kind in TABLE.values()}:
        model = service_model.service(service)
        for shape in map(model.shape_for, model.shape_names):
            if shape.type_name == "string":
                list(service_model.scalar_problems(shape, "text"))


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-northeast-1"])
def test_the_zones_known_without_an_account_are_those_of_moto(region: str) -> None:
    described = client("ec2", region).describe_availability_zones()["AvailabilityZones"]
    assert [(zone["ZoneName"], zone["ZoneId"]) for zone in described] == [
        (zone["ZoneName"], zone["ZoneId"]) for zone in zones(region)
    ]
