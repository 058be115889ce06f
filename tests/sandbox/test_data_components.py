"""Keys, secrets, bucket, stores and copies of the program: up, down and up again, in moto."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest
import yaml
from moto_client import client
from stacks import Outcome, Stack, serving
from two_zones import two_zones

from infra.access_logs import AccessLogs, AccessLogsArgs
from infra.aws_account import AwsAccount
from infra.cache import Cache, CacheArgs
from infra.configuration import parse
from infra.credentials import Credentials, CredentialsArgs
from infra.database import Database, DatabaseArgs
from infra.disaster_recovery import DisasterRecovery, DisasterRecoveryArgs
from infra.durability import POLICIES
from infra.encryption import EncryptionArgs, EncryptionKeys
from infra.log_storage import LogStorage, LogStorageArgs
from infra.naming import Naming
from infra.network import DataStorePlacement
from infra.secret_families import CACHE
from infra.settings import Settings
from sandbox.providers.aws import AwsProvider
from sandbox.providers.random_values import RandomProvider

HOME, ELSEWHERE = "us-east-1", "us-west-2"
STACK = "data"
PROJECT = "litellm-gateway"


def _settings() -> Settings:
    """What prod has, but deletable."""
    file = Path(__file__).resolve().parents[2] / "Pulumi.prod.yaml"
    config = yaml.safe_load(file.read_text())["config"]
    config[f"{PROJECT}:durability"] = "disposable"
    return parse(
        STACK,
        PROJECT,
        {key: one if isinstance(one, str) else json.dumps(one) for key, one in config.items()},
    )


def program() -> None:
    settings, naming = _settings(), Naming(stack=STACK)
    durability = POLICIES[settings.durability]
    provider = aws.Provider("aws", region=HOME, default_tags={"tags": naming.tags})
    account = AwsAccount(
        provider=provider,
        account_id="123456789012",
        caller_arn="arn:aws:iam::123456789012:role/deployer",
        partition="aws",
        region=HOME,
    )
    in_aws = pulumi.ResourceOptions(provider=provider)
    vpc, subnets = two_zones(in_aws)
    clients = aws.ec2.SecurityGroup("clients", vpc_id=vpc.id, opts=in_aws)
    placement = DataStorePlacement(
        vpc_id=vpc.id,
        subnet_ids=[subnet.id for subnet in subnets],
        client_security_group_id=clients.id,
    )
    keys_args = EncryptionArgs(
        naming=naming, account=account, settings=settings, durability=durability
    )
    keys = EncryptionKeys("keys", keys_args, in_aws)
    credentials_args = CredentialsArgs(
        naming=naming, settings=settings, durability=durability, keys=keys
    )
    credentials = Credentials("credentials", credentials_args, in_aws)
    access_logs_args = AccessLogsArgs(
        naming=naming, account=account, settings=settings.access_logs, durability=durability
    )
    access_logs = AccessLogs("access-logs", access_logs_args, in_aws)
    logs_args = LogStorageArgs(
        naming=naming,
        account=account,
        settings=settings.log_storage,
        durability=durability,
        key_arn=keys.logs,
        access_logs=access_logs,
    )
    logs = LogStorage("log-storage", logs_args, in_aws)
    database_args = DatabaseArgs(
        naming=naming,
        settings=settings.database,
        restore=settings.restore,
        durability=durability,
        partition="aws",
        placement=placement,
        key_arn=keys.database,
        log_key_arn=keys.logs,
    )
    database = Database("database", database_args, in_aws)
    cache_args = CacheArgs(
        naming=naming,
        settings=settings.cache,
        durability=durability,
        placement=placement,
        key_arn=keys.database,
        log_key_arn=keys.logs,
        passwords=credentials.passwords(CACHE),
    )
    Cache("cache", cache_args, in_aws)
    copies_args = DisasterRecoveryArgs(
        naming=naming,
        account=account,
        settings=settings,
        durability=durability,
        region=ELSEWHERE,
        keys=keys,
        database=database,
        logs=logs,
    )
    DisasterRecovery("disaster-recovery", copies_args, in_aws)


def _left() -> list[str]:
    name = f"litellm-{STACK}"
    buckets = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    groups = [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]]
    found = [
        *buckets,
        *groups,
        *(one["RoleName"] for one in client("iam").list_roles()["Roles"]),
        *(
            one["DBInstanceIdentifier"]
            for one in client("rds").describe_db_instances()["DBInstances"]
        ),
        *(
            one["ReplicationGroupId"]
            for one in client("elasticache").describe_replication_groups()["ReplicationGroups"]
        ),
    ]
    for region in (HOME, ELSEWHERE):
        secrets = client("secretsmanager", region).list_secrets()["SecretList"]
        aliases = client("kms", region).list_aliases()["Aliases"]
        found += [one["Name"].replace("/", "-") for one in secrets]
        found += [one["AliasName"] for one in aliases]
    return [one for one in found if name in one]


@dataclass
class Story:
    """What the engine did, and what moto had of it."""

    second: Outcome
    refreshed: Outcome
    copied: list[str]
    groups: dict[str, tuple[int, str]]
    log_key: str
    left: list[str]
    again: Outcome


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        serving("aws", AwsProvider(None)) as aws_address,
        serving("random", RandomProvider()) as random_address,
    ):
        addresses = f"{aws_address},{random_address}"
        stack = Stack(tmp_path_factory.mktemp("data") / "stack", addresses)
        stack.up(program)
        second, refreshed = stack.up(program), stack.refresh(program)
        copies = client("secretsmanager", ELSEWHERE).list_secrets()["SecretList"]
        described = client("logs").describe_log_groups()["logGroups"]
        log_key = client("kms").describe_key(KeyId=f"alias/litellm-{STACK}-logs")
        stack.destroy(program)
        left = _left()
        again = stack.up(program)
        stack.destroy(program)
        yield Story(
            second,
            refreshed,
            [one["Name"] for one in copies],
            {
                one["logGroupName"]: (one["retentionInDays"], one["kmsKeyId"])
                for one in described
                if STACK in one["logGroupName"]
            },
            log_key["KeyMetadata"]["Arn"],
            left,
            again,
        )


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_the_salt_key_alone_is_copied_where_nothing_was_supplied(story: Story) -> None:
    (name,) = [one for one in story.copied if STACK in one]
    assert name.startswith(f"litellm/{STACK}/salt-key-")


def test_every_log_group_of_the_stores_is_encrypted_and_has_an_end(story: Story) -> None:
    assert story.groups == {
        f"/aws/rds/instance/litellm-{STACK}-database-1/postgresql": (30, story.log_key),
        f"/aws/rds/instance/litellm-{STACK}-database-1/upgrade": (30, story.log_key),
        f"/aws/elasticache/litellm-{STACK}-cache/slow-log": (30, story.log_key),
        f"/aws/elasticache/litellm-{STACK}-cache/engine-log": (30, story.log_key),
    }


def test_destroy_leaves_nothing_in_either_region(story: Story) -> None:
    assert story.left == []


def test_a_disposable_stack_comes_up_again_while_its_secrets_wait_for_deletion(
    story: Story,
) -> None:
    assert {"salt-key", "master-key", "database-1", "log-copies"} <= story.again.named("create")
