"""Generations of a protected database: what previews of the engine change, and what they refuse."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pytest
from moto_client import client
from stacks import Outcome, Refused, Stack, serving
from two_zones import two_zones

from infra.database import Database, DatabaseArgs
from infra.durability import POLICIES
from infra.naming import Naming
from infra.network import DataStorePlacement
from infra.setting_sections import DatabaseSettings, Durability, RestoreSettings
from sandbox.providers.aws import AwsProvider
from sandbox.providers.random_values import RandomProvider

NAMING = Naming(stack="generations")
FIRST, SECOND = (NAMING.named(f"database-{number}") for number in (1, 2))


def program(
    generation: int = 1, retired: tuple[int, ...] = (), **origin: object
) -> Callable[[], None]:
    def run() -> None:
        in_aws = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
        vpc, subnets = two_zones(in_aws)
        clients = aws.ec2.SecurityGroup("clients", vpc_id=vpc.id, opts=in_aws)
        key = aws.kms.Key("key", opts=in_aws)
        args = DatabaseArgs(
            naming=NAMING,
            settings=DatabaseSettings(generation=generation, retired_generations=retired),
            restore=RestoreSettings.model_validate(origin),
            durability=POLICIES[Durability.PROTECTED],
            partition="aws",
            placement=DataStorePlacement(
                vpc_id=vpc.id,
                subnet_ids=[subnet.id for subnet in subnets],
                client_security_group_id=clients.id,
            ),
            key_arn=key.arn,
            log_key_arn=key.arn,
        )
        Database("database", args, in_aws)

    return run


@dataclass
class Story:
    """What the engine would have done, did and refused, from the first generation on."""

    raised: Outcome
    unraised: Outcome
    later: dict[str, Outcome] = field(default_factory=dict)
    refusal: str = ""
    protected_still: str = ""
    released: Outcome = field(default_factory=Outcome)
    snapshots: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def refusal(run: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        run()
    return str(refused.value)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        serving("aws", AwsProvider(None)) as aws_address,
        serving("random", RandomProvider()) as random_address,
    ):
        stack = Stack(
            tmp_path_factory.mktemp("generations") / "stack", f"{aws_address},{random_address}"
        )
        stack.up(program())
        rds = client("rds")
        restored = {"point_in_time": {"source": FIRST, "time": "2026-03-01T14:05:00Z"}}
        told = Story(
            raised=stack.preview(program(2, (1,), **restored)),
            unraised=stack.preview(program(1, (), snapshot="added-later")),
        )
        stack.up(program(2, (1,), **restored))
        told.later = {
            "cleared": stack.preview(program(2, (1,))),
            "another moment": stack.preview(program(2, (1,), point_in_time={"source": FIRST})),
            "a snapshot": stack.preview(program(2, (1,), snapshot="something-else")),
            "the first serves again": stack.preview(program(1, (2,), **restored)),
        }
        told.refusal = refusal(lambda: stack.preview(program(2)))
        urn = stack.state()["database-1"]["urn"]
        stack.command("state", "unprotect", urn, "--yes")
        told.protected_still = refusal(lambda: stack.up(program(2)))
        rds.modify_db_instance(DBInstanceIdentifier=FIRST, DeletionProtection=False)
        told.released = stack.up(program(2))
        found = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        told.snapshots = [one["DBSnapshotIdentifier"] for one in found]
        left = rds.describe_db_instances()["DBInstances"]
        told.left = [one["DBInstanceIdentifier"] for one in left]
        stack.command("state", "unprotect", "--all", "--yes")
        rds.modify_db_instance(DBInstanceIdentifier=SECOND, DeletionProtection=False)
        stack.destroy(program(2))
        yield told


def test_a_raised_generation_only_creates(story: Story) -> None:
    assert story.raised.named("create") == {
        *("database-2", "database-2-final", "database-2-postgresql", "database-2-upgrade"),
    }
    assert story.raised.changed == story.raised.named("create")


def test_what_is_restored_changes_nothing_of_a_generation_that_exists(story: Story) -> None:
    assert story.unraised.changed == set()


@pytest.mark.parametrize("change", ["cleared", "another moment", "a snapshot"])
def test_a_generation_stays_whatever_it_came_from(story: Story, change: str) -> None:
    assert story.later[change].changed == set()


def test_going_back_to_the_first_generation_changes_no_database(story: Story) -> None:
    assert story.later["the first serves again"].changed == set()


def test_a_generation_that_is_no_longer_declared_is_refused_by_its_protection(
    story: Story,
) -> None:
    assert "database-1" in story.refusal
    assert "protect" in story.refusal


def test_rds_protects_a_generation_that_pulumi_no_longer_does(story: Story) -> None:
    assert f"the database {FIRST} has deletion protection" in story.protected_still


def test_a_released_generation_goes_and_leaves_its_final_snapshot(story: Story) -> None:
    assert "database-1" in story.released.named("delete")
    assert SECOND in story.left
    assert FIRST not in story.left
    assert [one for one in story.snapshots if one.startswith(f"{FIRST}-final-")]
