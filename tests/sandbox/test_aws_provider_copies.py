"""The life of what is copied to another region or locked, through the engine and moto."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto_client import client
from stacks import Outcome, Stack, serving

from infra.access_logs import BUCKETS_PREFIX, delivery_policy
from infra.durability import POLICIES
from infra.private_bucket import PrivateBucket, PrivateBucketArgs
from infra.setting_sections import Durability
from sandbox.providers.aws import AwsProvider

HOME, ELSEWHERE = "us-east-1", "us-west-2"
SOURCE, COPY, LOCKED = "copies-of-logs", "copies-of-logs-elsewhere", "copies-locked"
ACCESS = "copies-access-logs"


@dataclass(frozen=True)
class Settings:
    """What the tests change in their program."""

    replicas: tuple[str, ...] = (ELSEWHERE,)
    delete_markers: str = "Disabled"
    backup_days: int = 7
    lock_days: int = 1
    expiry_days: int = 400


def program(settings: Settings) -> Callable[[], None]:
    def resources() -> None:
        provider = aws.Provider("aws", region=HOME)
        options = pulumi.ResourceOptions(provider=provider)
        keys = {
            region: aws.kms.Key(f"key-{region}", region=region, opts=options)
            for region in (HOME, ELSEWHERE)
        }

        def bucket(name: str, region: str, lock: int | None = None) -> PrivateBucket:
            return PrivateBucket(
                name,
                PrivateBucketArgs(
                    bucket_name=name,
                    partition="aws",
                    durability=POLICIES[Durability.DISPOSABLE],
                    key_arn=keys[region].arn,
                    lifecycle_rules=[
                        {
                            "id": "age",
                            "status": "Enabled",
                            "filter": {"prefix": "logs/"},
                            "expiration": {"days": settings.expiry_days},
                        }
                    ],
                    region=region,
                    object_lock_days=lock,
                ),
                options,
            )

        source, copy = bucket(SOURCE, HOME), bucket(COPY, ELSEWHERE)
        bucket(LOCKED, HOME, settings.lock_days)
        target = aws.s3.Bucket(ACCESS, bucket=ACCESS, force_destroy=True, opts=options)
        allowed = aws.s3.BucketPolicy(
            ACCESS,
            bucket=target.id,
            policy=delivery_policy(bucket_arn=f"arn:aws:s3:::{ACCESS}", account="123456789012"),
            opts=options,
        )
        aws.s3.BucketLogging(
            "logging",
            bucket=source.id,
            target_bucket=ACCESS,
            target_prefix=f"{BUCKETS_PREFIX}/{SOURCE}/",
            opts=pulumi.ResourceOptions(provider=provider, depends_on=[allowed]),
        )
        aws.s3.BucketReplicationConfig(
            "replication",
            bucket=source.id,
            role="arn:aws:iam::123456789012:role/replication",
            rules=[
                {
                    "id": "everything",
                    "status": "Enabled",
                    "priority": 1,
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": settings.delete_markers},
                    "source_selection_criteria": {
                        "sse_kms_encrypted_objects": {"status": "Enabled"}
                    },
                    "destination": {
                        "bucket": copy.arn,
                        "encryption_configuration": {"replica_kms_key_id": keys[ELSEWHERE].arn},
                        "metrics": {"status": "Enabled"},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(
                provider=provider, depends_on=[source.versioning, copy.versioning]
            ),
        )
        secret = aws.secretsmanager.Secret(
            "salt",
            name="copies/salt",
            recovery_window_in_days=7,
            replicas=[
                {
                    "region": region,
                    **({"kms_key_id": keys[region].arn} if region in keys else {}),
                }
                for region in settings.replicas
            ],
            opts=options,
        )
        aws.secretsmanager.SecretVersion(
            "salt", secret_id=secret.id, secret_string="value", opts=options
        )
        aws.rds.InstanceAutomatedBackupsReplication(
            "backups",
            source_db_instance_arn="arn:aws:rds:us-east-1:123456789012:db:gateway",
            kms_key_id=keys[ELSEWHERE].arn,
            retention_period=settings.backup_days,
            region=ELSEWHERE,
            opts=options,
        )

    return resources


def _secrets(region: str) -> list[str]:
    found = client("secretsmanager", region).list_secrets()["SecretList"]
    return [one["Name"] for one in found if one["Name"].startswith("copies/")]


def _buckets() -> list[str]:
    found = client("s3").list_buckets()["Buckets"]
    return [one["Name"] for one in found if one["Name"].startswith("copies-")]


@dataclass
class Story:
    """What the engine did with the program, and what moto then had."""

    second: Outcome
    refreshed: Outcome
    changed: Outcome
    changed_refresh: Outcome
    state: dict[str, Any]
    replication: dict[str, Any]
    lock: dict[str, Any]
    places: dict[str, str | None]
    regions: dict[str, list[str]]
    regions_after: dict[str, list[str]]
    left: list[str]


REGIONS = (HOME, ELSEWHERE, "eu-west-1")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        stack = Stack(tmp_path_factory.mktemp("copies") / "stack", debug_providers)
        first = program(Settings())
        stack.up(first)
        second, refreshed, state = stack.up(first), stack.refresh(first), dict(stack.state())
        s3 = client("s3")
        replication = s3.get_bucket_replication(Bucket=SOURCE)["ReplicationConfiguration"]
        lock = s3.get_object_lock_configuration(Bucket=LOCKED)["ObjectLockConfiguration"]
        places = {
            name: s3.get_bucket_location(Bucket=name)["LocationConstraint"]
            for name in (SOURCE, COPY)
        }
        regions = {region: _secrets(region) for region in REGIONS}
        other = program(Settings((ELSEWHERE, "eu-west-1"), "Enabled", 14, 2, 500))
        changed, changed_refresh = stack.up(other), stack.refresh(other)
        after = {region: _secrets(region) for region in REGIONS}
        stack.destroy(other)
        yield Story(
            second,
            refreshed,
            changed,
            changed_refresh,
            state,
            replication,
            lock,
            places,
            regions,
            after,
            [*_buckets(), *(name for region in REGIONS for name in _secrets(region))],
        )


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_right_after_creation_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_each_bucket_is_made_in_its_own_region(story: Story) -> None:
    assert story.places == {SOURCE: None, COPY: ELSEWHERE}


def test_encrypted_objects_are_copied_under_the_key_of_the_other_region(story: Story) -> None:
    (rule,) = story.replication["Rules"]
    key = rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"]
    assert key == story.state[f"key-{ELSEWHERE}"]["outputs"]["arn"]


def test_a_lock_is_one_that_nobody_can_lift(story: Story) -> None:
    retention = story.lock["Rule"]["DefaultRetention"]
    assert (retention["Mode"], retention["Days"]) == ("COMPLIANCE", 1)


def test_a_secret_is_copied_to_the_regions_it_names_and_no_others(story: Story) -> None:
    assert story.regions == {HOME: ["copies/salt"], ELSEWHERE: ["copies/salt"], "eu-west-1": []}


def test_a_copy_of_a_secret_is_added_in_place(story: Story) -> None:
    assert "salt" in story.changed.named("update")
    assert all(names == ["copies/salt"] for names in story.regions_after.values())


def test_what_is_copied_and_locked_changes_in_place(story: Story) -> None:
    assert {"replication", "backups", LOCKED} <= story.changed.named("update")
    assert story.changed.named("replace") == set()


def test_a_refresh_after_the_changes_finds_no_drift(story: Story) -> None:
    assert story.changed_refresh.drift == {}


def test_backups_are_copied_in_the_other_region(story: Story) -> None:
    assert story.state["backups"]["outputs"]["region"] == ELSEWHERE


def test_destroy_leaves_nothing_in_any_region(story: Story) -> None:
    assert story.left == []
