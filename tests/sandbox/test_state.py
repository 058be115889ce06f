"""A stack's state, broken and mended by the real engine."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pulumi
import pulumi_random as random
import pytest
from click.testing import CliRunner, Result
from stacks import Stack, serving

from infra.setting_sections import Durability
from ops.cli import main
from ops.state import command, copies, keeping
from ops.state.stack_state import Document, resources
from sandbox.providers.aws import local_moto
from sandbox.providers.random_values import RandomProvider

GONE = "urn:pulumi:test::provider-tests::random:index/randomPet:RandomPet::gone"


def program() -> None:
    first = random.RandomPassword("first", length=20)
    second = random.RandomPassword("second", length=12, keepers={"of": first.result})
    pulumi.export("of", second.id)


class Held:
    """A small stack that is up, and its state as the commands reach it."""

    def __init__(self, directory: Path, debug_providers: str) -> None:
        self.stack = Stack(directory, debug_providers)
        self.stack.up(program)
        self.file = directory / "state/.pulumi/stacks/provider-tests/test.json"
        self.durability = Durability.DISPOSABLE
        self.state = self.stack.as_kept()

    def edit(self, change: Callable[[list[Document]], None]) -> None:
        """Change the resources of the checkpoint behind the engine's back."""
        document = json.loads(self.file.read_text())
        change(document["checkpoint"]["latest"]["resources"])
        self.file.write_text(json.dumps(document))

    def names(self) -> list[str]:
        return [one["urn"].rsplit("::", 1)[-1] for one in resources(self.state.export())]


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    for module in (command, keeping):
        monkeypatch.setattr(module, "PROJECT", "provider-tests")
    with serving("random", RandomProvider()) as address:
        made = Held(tmp_path / "stack", address)
        deployment = SimpleNamespace(
            stack="test",
            state=lambda: made.state,
            settings=lambda: SimpleNamespace(durability=made.durability),
            aws=_aws,
        )
        monkeypatch.setattr("ops.deployments.options.find_deployment", lambda *_: deployment)
        yield made


def _aws(service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=local_moto.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def ops(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["state", arguments[0], "--stack", "test", *arguments[1:]])


def found(held: Held) -> list[dict[str, str]]:
    result = ops("check", "--json")
    assert result.exit_code in (0, 3), result.output
    return json.loads(result.stdout)["problems"]


def _second(listed: list[Document]) -> Document:
    return next(one for one in listed if one["urn"].endswith("::second"))


def depend_on_what_is_gone(listed: list[Document]) -> None:
    _second(listed)["dependencies"] = [GONE]


def hang_below_what_is_gone(listed: list[Document]) -> None:
    _second(listed)["parent"] = GONE


def repeat(listed: list[Document]) -> None:
    listed.append(dict(_second(listed)))


def turn_round(listed: list[Document]) -> None:
    listed.reverse()


MENDABLE = [depend_on_what_is_gone, hang_below_what_is_gone, repeat, turn_round]


def test_the_state_of_a_stack_that_is_up_is_sound(held: Held) -> None:
    result = ops("check")
    assert result.exit_code == 0
    assert result.stdout == "sound: 4 resources\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (depend_on_what_is_gone, f"its dependency {GONE} is not there"),
        (hang_below_what_is_gone, f"its parent {GONE} is not there"),
        (repeat, "duplicate resource urn:pulumi:test::provider-tests::"),
        (turn_round, "resources stand before what they depend on"),
    ],
)
def test_what_is_wrong_is_found_and_needs_attention(
    held: Held, change: Callable[[list[Document]], None], message: str
) -> None:
    held.edit(change)
    before = held.file.read_text()
    result = ops("check")
    assert result.exit_code == 3
    assert message in result.stdout
    assert held.file.read_text() == before


@pytest.mark.parametrize("change", MENDABLE)
def test_what_was_broken_is_mended_and_the_next_preview_changes_nothing(
    held: Held, change: Callable[[list[Document]], None], tmp_path: Path
) -> None:
    held.edit(change)
    result = ops("repair", "--to", str(tmp_path / "copies"), "--yes")
    assert result.exit_code == 0, result.output
    assert found(held) == []
    assert held.stack.preview(program).changed == set()


def test_before_a_repair_the_broken_state_is_kept(held: Held, tmp_path: Path) -> None:
    held.edit(depend_on_what_is_gone)
    ops("repair", "--to", str(tmp_path / "copies"), "--yes")
    (copy,) = (tmp_path / "copies").iterdir()
    assert GONE in copy.read_text()
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_sound_state_is_not_touched(held: Held, tmp_path: Path) -> None:
    before = held.file.read_text()
    result = ops("repair", "--to", str(tmp_path / "copies"), "--yes")
    assert result.exit_code == 0
    assert held.file.read_text() == before
    assert not (tmp_path / "copies").exists()


def test_two_different_resources_of_one_name_are_left_to_people(held: Held, tmp_path: Path) -> None:
    def differ(listed: list[Document]) -> None:
        listed.append({**_second(listed), "id": "another"})

    held.edit(differ)
    before = held.names()
    result = ops("repair", "--to", str(tmp_path / "copies"), "--yes")
    assert result.exit_code == 3
    assert "duplicate resource" in result.stdout
    assert held.names() == before


def test_an_operation_that_did_not_end_is_told_of(held: Held) -> None:
    document = json.loads(held.file.read_text())
    latest = document["checkpoint"]["latest"]
    unfinished = {**_second(latest["resources"]), "urn": GONE}
    latest["pending_operations"] = [{"resource": unfinished, "type": "creating"}]
    held.file.write_text(json.dumps(document))
    (problem,) = found(held)
    assert problem["kind"] == "pending"
    assert problem["urn"] == GONE
    assert "ended while it was creating" in problem["message"]


def test_a_protected_stack_s_secrets_belong_to_a_key_management_service(held: Held) -> None:
    held.durability = Durability.PROTECTED
    (problem,) = found(held)
    assert problem["remedy"] == "change-secrets-provider"
    assert "encrypted by passphrase" in problem["message"]


def test_a_copy_has_no_secret_in_clear(held: Held, tmp_path: Path) -> None:
    held.stack.up(lambda: pulumi.export("shown", pulumi.Output.secret("a word to hide")))
    result = ops("backup", "--to", str(tmp_path))
    copy = Path(result.stdout.strip()).read_text()
    assert "ciphertext" in copy
    assert "a word to hide" not in copy


def test_a_state_with_a_secret_in_clear_is_not_copied(held: Held, tmp_path: Path) -> None:
    def show(listed: list[Document]) -> None:
        secret = {
            "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
            "plaintext": '"a word to hide"',
        }
        _second(listed)["outputs"]["result"] = secret

    held.edit(show)
    result = ops("backup", "--to", str(tmp_path / "copies"))
    assert result.exit_code == 1
    assert "::second has a secret that is not encrypted" in result.stderr
    assert "a word to hide" not in result.output
    assert not (tmp_path / "copies").exists()
    assert [problem["kind"] for problem in found(held)] == ["plain-secret"]


def test_a_copy_may_go_into_a_bucket_and_come_back_from_it(held: Held) -> None:
    _aws("s3").create_bucket(Bucket="state-copies")
    place = ops("backup", "--to", "s3://state-copies/of").stdout.strip()
    assert place.startswith("s3://state-copies/of/provider-tests.test.")
    held.edit(lambda listed: listed.remove(_second(listed)))
    assert held.stack.preview(program).named("create") == {"second"}
    result = ops("restore", "--from", place, "--keep", str(held.file.parent / "kept"), "--yes")
    assert result.exit_code == 0, result.output
    assert held.stack.preview(program).changed == set()


def test_a_lost_state_comes_back_with_its_secrets(held: Held, tmp_path: Path) -> None:
    copy = ops("backup", "--to", str(tmp_path)).stdout.strip()
    for file in held.file.parent.iterdir():
        file.unlink()
    result = ops("restore", "--from", copy, "--yes")
    assert result.exit_code == 0, result.output
    assert held.stack.preview(program).changed == set()
    assert held.names() == ["provider-tests-test", "default_4_21_4", "first", "second"]


def test_a_state_that_cannot_be_read_is_an_error_that_says_what_to_do(
    held: Held, tmp_path: Path
) -> None:
    copy = ops("backup", "--to", str(tmp_path)).stdout.strip()
    held.file.write_text("not a state")
    result = ops("check")
    assert result.exit_code == 1
    assert "delete the object and run `ops state restore`" in result.stderr
    assert ops("restore", "--from", copy, "--yes").exit_code == 1
    assert held.file.read_text() == "not a state"


def test_a_dry_run_tells_what_would_be_forgotten_and_changes_nothing(
    held: Held, tmp_path: Path
) -> None:
    copy = Path(ops("backup", "--to", str(tmp_path)).stdout.strip())
    document = json.loads(copy.read_text())
    listed = document["deployment"]["resources"]
    listed.remove(_second(listed))
    copy.write_text(json.dumps(document))
    before = held.file.read_text()
    result = ops("restore", "--from", str(copy), "--dry-run")
    assert result.exit_code == 0
    assert "1 no longer known, although they exist" in result.stdout
    assert "::second" in result.stdout
    assert held.file.read_text() == before


def test_before_a_restore_the_present_state_is_kept(held: Held, tmp_path: Path) -> None:
    copy = ops("backup", "--to", str(tmp_path)).stdout.strip()
    held.edit(depend_on_what_is_gone)
    ops("restore", "--from", copy, "--keep", str(tmp_path / "kept"), "--yes")
    (kept,) = (tmp_path / "kept").iterdir()
    assert GONE in kept.read_text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("urn:pulumi:test::", "urn:pulumi:prod::"), "of another stack"),
        (lambda text: text.replace('"passphrase"', '"cloud"'), "encrypted by cloud"),
        (lambda text: "{}", "is not a copy of a state"),
        (lambda text: "garbage", "is not JSON"),
    ],
)
def test_what_does_not_fit_is_refused(
    held: Held, tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    copy = Path(ops("backup", "--to", str(tmp_path)).stdout.strip())
    copy.write_text(change(copy.read_text()))
    before = held.file.read_text()
    result = ops("restore", "--from", str(copy), "--yes")
    assert result.exit_code == 1
    assert message in result.stderr
    assert held.file.read_text() == before


@pytest.mark.parametrize("arguments", [("repair", "--to", "copies"), ("restore", "--from", "{}")])
def test_where_nobody_can_be_asked_nothing_changes_without_yes(
    held: Held, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    copy = ops("backup", "--to", str(tmp_path)).stdout.strip()
    held.edit(depend_on_what_is_gone)
    before = held.file.read_text()
    result = ops(*(argument.format(copy) for argument in arguments))
    assert result.exit_code == 2
    assert held.file.read_text() == before


def test_names_of_copies_sort_by_time() -> None:
    from datetime import UTC, datetime

    name = copies.copy_name("project", "prod", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert name == "project.prod.20260102T030405Z.json"
