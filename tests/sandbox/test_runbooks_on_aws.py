"""Commands of runbooks that speak to AWS alone, against moto."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto_client import client
from runbook_shell import AWS_PROGRAM, run_in_bash, write_programs
from runbooks import PAGES, Command, Ran, commands

from sandbox.providers.aws import local_moto

Run = Callable[..., list[str]]
MODULE = "tests/sandbox/test_runbooks_on_aws.py"
REGION = "us-west-2"
SALT = "litellm/prod/salt-key"
BUCKET = "pulumi-state-prod"
STATE = ".pulumi/stacks/litellm-gateway/prod.json"


@pytest.fixture(scope="module")
def ran() -> Ran:
    return Ran(MODULE)


def here(page: str) -> list[Command]:
    return [one for one in commands(page) if one.module == MODULE]


@pytest.fixture
def run(ran: Ran, tmp_path: Path) -> Run:
    """Run lines in bash, with an ``aws`` that asks moto."""
    programs = write_programs(tmp_path, aws=AWS_PROGRAM)
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": local_moto.endpoint(),
        **{"STACK": "prod", "BUCKET": BUCKET},
    }
    return lambda lines, **more: run_in_bash(lines, tmp_path, {**environment, **more}, ran)


@pytest.fixture
def replica() -> Iterator[None]:
    entries = client("secretsmanager")
    entries.create_secret(Name=SALT, SecretString="{}", AddReplicaRegions=[{"Region": REGION}])
    yield
    # A replica goes with its primary; one that was promoted does not.
    entries.remove_regions_from_replication(SecretId=SALT, RemoveReplicaRegions=[REGION])
    with contextlib.suppress(client("secretsmanager").exceptions.ResourceNotFoundException):
        client("secretsmanager", REGION).delete_secret(
            SecretId=SALT, ForceDeleteWithoutRecovery=True
        )
    entries.delete_secret(SecretId=SALT, ForceDeleteWithoutRecovery=True)


def test_the_copies_in_the_second_region_are_seen(replica: None, run: Run) -> None:
    answers = run(here("lost-region"))
    assert answers[1].strip() == SALT
    told = client("secretsmanager", REGION).describe_secret(SecretId=SALT)
    assert not told.get("ReplicationStatus")


def test_the_drill_sees_what_a_loss_would_cost(replica: None, run: Run) -> None:
    s3 = client("s3")
    account = client("sts").get_caller_identity()["Account"]
    bucket = f"litellm-prod-log-copies-{account}-{REGION}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="logs/one.json", Body=b"{}")
    answers = [json.loads(one) for one in run(here("drill"))]
    assert [SALT] in answers
    assert 1 in answers
    s3.delete_object(Bucket=bucket, Key="logs/one.json")
    s3.delete_bucket(Bucket=bucket)


def test_a_state_that_was_overwritten_comes_back_from_the_version_before(run: Run) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    good = s3.put_object(Bucket=BUCKET, Key=STATE, Body=b"good")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key=STATE, Body=b"bad")
    listed, copied = [one for one in here("state") if "s3api" in one.text]
    (versions,) = run([listed])
    assert good in versions
    run([copied], VERSION=good)
    assert s3.get_object(Bucket=BUCKET, Key=STATE)["Body"].read() == b"good"
    for version in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=STATE, VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)


def test_the_key_of_a_state_is_kept(run: Run) -> None:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/pulumi-state-prod", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    run([command for command in here("state") if "kms" in command.text])
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    kms.delete_alias(AliasName="alias/pulumi-state-prod")


def operations() -> list[str]:
    named = {re.match(r"aws \S+ \S+$", one.text) and one.text for p in PAGES for one in commands(p)}
    return sorted(one for one in named if one)


@pytest.mark.parametrize("text", operations())
def test_an_operation_that_is_named_exists(text: str) -> None:
    _, service, operation = text.split()
    methods = client({"s3api": "s3"}.get(service, service))
    assert hasattr(methods, operation.replace("-", "_"))


def test_every_command_that_is_said_to_be_run_here_was(ran: Ran) -> None:
    assert ran.missing() == []
