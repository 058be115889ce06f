"""The runbooks of upgrades, command for command, as far as that goes without a sandbox."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_command import parse, run_aws
from moto_client import client
from runbooks import Command, Ran, commands
from test_settings import problems_of

from infra import versions
from ops.deployments.cloud import CloudDeployment
from ops.deployments.database_copies import DatabaseCopies
from sandbox.paths import PROJECT_ROOT

MODULE = "tests/sandbox/test_upgrade_runbooks.py"
PREFIX = "litellm-prod"
# What is run nowhere: moto has neither insights nor updates of a cluster.
ASKED = [one for one in commands("eks-upgrade") if one.text.startswith("aws ")]


@pytest.fixture(scope="module")
def ran() -> Ran:
    return Ran(MODULE)


@pytest.mark.parametrize("command", ASKED, ids=lambda command: command.text)
def test_a_command_of_aws_is_one_that_its_model_allows(command: Command) -> None:
    _, given, _ = parse(shlex.split(command.text)[1:], client)
    assert given


def test_going_back_sets_what_the_settings_understand(tmp_path: Path) -> None:
    name = "Pulumi.prod.yaml"
    (tmp_path / name).write_text((PROJECT_ROOT / name).read_text())
    changes = {}
    for command in commands("upgrade", "Go back"):
        words = shlex.split(command.text)
        if words[1:4] == ["config", "set", "--path"]:
            key, value = words[4], words[5]
            one = key.endswith("[0]")
            changes[key.removesuffix("[0]")] = f"[{value}]" if one else value
    settings = CloudDeployment("prod", tmp_path).settings(changes)
    assert settings.database.generation == 2
    assert settings.database.retired_generations == (1,)
    assert str(settings.restore.snapshot).startswith(f"{PREFIX}-before-")
    assert settings.gateway.image.tag == "1.106.2"


def test_a_version_outside_standard_support_is_refused_with_those_inside() -> None:
    (problem,) = problems_of("prod", {"cluster": {"kubernetesVersion": "1.34"}})
    for version, until in versions.KUBERNETES_STANDARD_SUPPORT.items():
        assert f"{version} (standard support until {until})" in problem


@pytest.fixture
def serving() -> Iterator[str]:
    """A database with its subnets and parameters, in moto."""
    rds, ec2 = client("rds"), client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=f"us-east-1{zone}"
        )["Subnet"]["SubnetId"]
        for index, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="upgrade", Description="one", VpcId=vpc)["GroupId"]
    rds.create_db_subnet_group(
        DBSubnetGroupName="upgrade", DBSubnetGroupDescription="one", SubnetIds=subnets
    )
    rds.create_db_parameter_group(
        DBParameterGroupName="upgrade", DBParameterGroupFamily="postgres17", Description="one"
    )
    name = f"{PREFIX}-database-1"
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        MasterUsername="one",
        MasterUserPassword="one-two-three",
        AllocatedStorage=20,
        DBSubnetGroupName="upgrade",
        DBParameterGroupName="upgrade",
        VpcSecurityGroupIds=[group],
        DeletionProtection=True,
    )
    yield name
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    rds.delete_db_subnet_group(DBSubnetGroupName="upgrade")
    rds.delete_db_parameter_group(DBParameterGroupName="upgrade")


def test_a_copy_is_where_the_serving_database_is_and_can_be_deleted(serving: str, ran: Ran) -> None:
    rds = client("rds")
    copies = DatabaseCopies(rds, poll_seconds=0.1)
    snapshot, copy = f"{PREFIX}-before-1-108-5-20260301140500", f"{PREFIX}-upgrade-scratch"
    copies.snapshot(serving, snapshot, {"litellm:stack": "prod"}, print)
    assert copies.restore(snapshot, serving, copy, {"litellm:stack": "prod"}, print)
    old, new = (
        rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        for name in (serving, copy)
    )
    for same in ("VpcSecurityGroups", "DBInstanceClass", "Engine"):
        assert new[same] == old[same]
    assert new["DBSubnetGroup"]["DBSubnetGroupName"] == "upgrade"
    assert new["DBParameterGroups"][0]["DBParameterGroupName"] == "upgrade"
    assert not new["MultiAZ"]
    assert {"Key": "litellm:stack", "Value": "prod"} in new["TagList"]
    for command in commands("upgrade", "Clean up"):
        run_aws(command.text, client)
        ran.note(command)
    assert not copies.delete(copy, print)
    left = rds.describe_db_snapshots(DBInstanceIdentifier=serving)["DBSnapshots"]
    assert snapshot not in {one["DBSnapshotIdentifier"] for one in left}


def test_every_command_that_is_said_to_be_run_here_was(ran: Ran) -> None:
    assert ran.missing() == []
