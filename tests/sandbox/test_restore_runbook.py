"""The runbook of a restore, command for command, on a protected database of the program."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pytest
import yaml
from aws_command import run_aws
from moto_client import client
from runbooks import Command, Ran, commands
from stacks import Outcome, Refused, Stack, serving
from two_zones import two_zones

from infra.configuration import parse
from infra.database import Database, DatabaseArgs
from infra.durability import POLICIES
from infra.naming import Naming
from infra.network import DataStorePlacement
from infra.settings import Settings
from sandbox.paths import PROJECT_ROOT
from sandbox.providers.aws import AwsProvider
from sandbox.providers.random_values import RandomProvider

PROJECT, RUNBOOK = "provider-tests", "restore"
MODULE = "tests/sandbox/test_restore_runbook.py"
OLD, NEW = "litellm-prod-database-1", "litellm-prod-database-2"


def settings_of(configuration: dict[str, object]) -> Settings:
    texts = {
        key: one if isinstance(one, str) else json.dumps(one) for key, one in configuration.items()
    }
    return parse("prod", PROJECT, texts)


def program() -> None:
    configuration = dict(pulumi.runtime.config.CONFIG.get())
    settings = parse("prod", PROJECT, configuration)
    in_aws = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
    vpc, subnets = two_zones(in_aws)
    key = aws.kms.Key("key", opts=in_aws)
    args = DatabaseArgs(
        naming=Naming(stack="prod"),
        settings=settings.database,
        restore=settings.restore,
        durability=POLICIES[settings.durability],
        partition="aws",
        placement=DataStorePlacement(
            vpc_id=vpc.id,
            subnet_ids=[subnet.id for subnet in subnets],
            client_security_group_id=aws.ec2.SecurityGroup(
                "clients", vpc_id=vpc.id, opts=in_aws
            ).id,
        ),
        key_arn=key.arn,
        log_key_arn=key.arn,
    )
    Database("database", args, in_aws)


class Operator:
    """Runs the commands of a runbook's section and keeps what came of them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ran = Ran(MODULE)

    def follow(self, section: str) -> Outcome:
        """Do what a section says; returns what its last command changed."""
        outcome = Outcome()
        for command in commands(RUNBOOK, section):
            if command.module == MODULE and not command.is_asked_for_help:
                outcome = self._do(command)
        return outcome

    def settings(self) -> Settings:
        file = self.stack.directory / "Pulumi.test.yaml"
        return settings_of(yaml.safe_load(file.read_text())["config"])

    def _do(self, known: Command) -> Outcome:
        self.ran.note(known)
        command = known.text
        if command == "pulumi up":
            return self.stack.up(program)
        if command == "pulumi preview":
            return self.stack.preview(program)
        if command.startswith("pulumi "):
            urn = self.stack.state()["database-1"]["urn"]
            words = [urn if word == "URN" else word.strip("'") for word in command.split()]
            self.stack.command(*words[1:])
        else:
            run_aws(command, lambda service, _: client(service))
        return Outcome()


@dataclass
class Story:
    restored: Outcome
    settings: Settings
    back: Outcome
    refusal: str
    released: Outcome
    left: list[str]
    ran: Ran


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        serving("aws", AwsProvider(None)) as aws_address,
        serving("random", RandomProvider()) as random_address,
    ):
        directory = tmp_path_factory.mktemp("runbook") / "stack"
        stack = Stack(directory, f"{aws_address},{random_address}")
        prod = (PROJECT_ROOT / "Pulumi.prod.yaml").read_text()
        file = directory / "Pulumi.test.yaml"
        kept = yaml.safe_load(file.read_text()) if file.exists() else {}
        config = yaml.safe_load(prod.replace("litellm-gateway:", f"{PROJECT}:"))
        file.write_text(yaml.safe_dump({**(kept or {}), **config}))
        stack.up(program)
        operator = Operator(stack)
        restored = operator.follow("Restore")
        settings = operator.settings()
        back = operator.follow("Go back to the old database")
        for words in (("database.generation", "2"), ("database.retiredGenerations[0]", "1")):
            stack.command("config", "set", "--path", *words)
        stack.up(program)
        stack.command("config", "rm", "--path", "database.retiredGenerations[0]")
        with pytest.raises(Refused) as refused:
            stack.up(program)
        stack.command("config", "set", "--path", "database.retiredGenerations[0]", "1")
        released = operator.follow("Release")
        found = client("rds").describe_db_instances()["DBInstances"]
        told = Story(
            restored=restored,
            settings=settings,
            back=back,
            refusal=str(refused.value),
            released=released,
            left=[one["DBInstanceIdentifier"] for one in found],
            ran=operator.ran,
        )
        stack.command("state", "unprotect", "--all", "--yes")
        client("rds").modify_db_instance(DBInstanceIdentifier=NEW, DeletionProtection=False)
        stack.destroy(program)
        yield told


def test_following_the_runbook_makes_a_database_beside_the_old_one(story: Story) -> None:
    assert "database-2" in story.restored.named("create")
    assert story.restored.changed == story.restored.named("create")


def test_the_commands_set_what_the_settings_understand(story: Story) -> None:
    assert story.settings.database.generation == 2
    assert story.settings.database.retired_generations == (1,)
    point = story.settings.restore.point_in_time
    assert point
    assert (point.source, point.time) == (OLD, "2026-03-01T14:05:00Z")


def test_going_back_changes_no_database(story: Story) -> None:
    assert story.back.changed == set()


def test_dropping_the_number_alone_is_refused_by_the_protection(story: Story) -> None:
    assert "protect" in story.refusal


def test_a_released_database_is_deleted_and_the_serving_one_stays(story: Story) -> None:
    assert "database-1" in story.released.named("delete")
    assert NEW in story.left
    assert OLD not in story.left


def test_every_command_that_is_said_to_be_run_here_was(story: Story) -> None:
    assert story.ran.missing() == []
