"""The random provider, through the real engine."""

import string
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pulumi_random as random
import pytest
from stacks import Refused, Stack, serving

from sandbox.providers.random_values import RandomProvider


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with serving("random", RandomProvider()) as debug_providers:
        yield debug_providers


@pytest.fixture(scope="module")
def stack(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return Stack(tmp_path_factory.mktemp("random") / "stack", provider)


def secret_values() -> None:
    password = random.RandomPassword(
        "password",
        length=40,
        special=True,
        override_special="-_",
        min_upper=3,
        min_numeric=3,
        min_special=3,
    )
    sized = random.RandomBytes("bytes", length=16)
    pulumi.export("password", password.result)
    pulumi.export("bytes", sized.hex)


def values(epoch: str = "1") -> None:
    identifier = random.RandomId("id", byte_length=8, prefix="x-", keepers={"epoch": epoch})
    text = random.RandomString("string", length=12, special=False, upper=False)
    uuid = random.RandomUuid("uuid")
    pulumi.export("hex", identifier.hex)
    pulumi.export("string", text.result)
    pulumi.export("uuid", uuid.result)


@pytest.fixture(scope="module")
def first(stack: Stack) -> dict[str, str]:
    stack.up(values)
    return stack.outputs()


def test_secret_values_keep_to_their_rules_and_out_of_the_state(
    provider: str, tmp_path: Path
) -> None:
    stack = Stack(tmp_path / "stack", provider)
    stack.up(secret_values)
    outputs, state = stack.outputs(), stack.state_text()
    password = outputs["password"]
    assert len(password) == 40
    assert set(password) <= set(string.ascii_letters + string.digits + "-_")
    for characters in (string.ascii_uppercase, string.digits, "-_"):
        assert sum(character in characters for character in password) >= 3
    assert len(outputs["bytes"]) == 32
    assert not [name for name, value in outputs.items() if value in state]


def test_values_have_their_form(first: dict[str, str]) -> None:
    assert len(first["hex"]) == len("x-") + 16
    assert len(first["string"]) == 12
    assert set(first["string"]) <= set(string.ascii_lowercase + string.digits)
    assert first["uuid"][14] == "4"


def test_an_unchanged_program_keeps_every_value(stack: Stack, first: dict[str, str]) -> None:
    assert not stack.up(values).changed
    assert stack.outputs() == first


def test_refresh_finds_no_drift(stack: Stack, first: dict[str, str]) -> None:
    assert not stack.refresh(values).drift


def test_a_changed_keeper_replaces_its_value_only(stack: Stack, first: dict[str, str]) -> None:
    assert stack.up(lambda: values("2")).changed == {"id"}
    outputs = stack.outputs()
    assert outputs["hex"] != first["hex"]
    assert outputs["uuid"] == first["uuid"]


def test_minimums_that_do_not_fit_the_length_are_refused(provider: str, tmp_path: Path) -> None:
    def program() -> None:
        random.RandomPassword("short", length=3, min_upper=2, min_lower=2)

    with pytest.raises(Refused, match="length is 3, but the minimums add up to 4"):
        Stack(tmp_path / "stack", provider).preview(program)


def test_an_unknown_type_is_refused_by_name(provider: str, tmp_path: Path) -> None:
    def program() -> None:
        random.RandomPet("pet")

    with pytest.raises(Refused, match="random:index/randomPet:RandomPet is not known"):
        Stack(tmp_path / "stack", provider).preview(program)
