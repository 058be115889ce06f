"""Database, cache, bucket, secrets, keys and their copies: what the delivered stacks register."""

import json
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import gateway_values, of_type, only
from test_settings import problems_of, with_changes

from infra.iam_policies import replication_policy
from infra.key_policies import log_key_policy, plain_key_policy, topic_key_policy
from infra.log_storage import lifecycle_rules
from infra.setting_sections import LogStorageSettings

REGION = "us-west-2"
SUPPLIED = {
    "alerting.slack": True,
    "suppliedSecrets.slackWebhook": {"1": {"url": "https://hooks.example/1"}},
}
ADOPTING = {
    "secrets.saltKey": "adopt",
    "secrets.supplied": "adopt",
    "secrets.adoptFrom": "main",
    "alerting.slack": True,
    "rotation.slackWebhook": 3,
}


def inputs(resources: list[Registered], suffix: str, name: str) -> dict[str, Any]:
    (found,) = [resource for resource in of_type(resources, suffix) if resource.name == name]
    return found.inputs


@pytest.fixture(scope="module")
def other() -> list[Registered]:
    """What prod registers with everything on that it leaves off."""
    changes = {
        "database.applyImmediately": True,
        "database.generation": 2,
        "database.retiredGenerations": [1],
        "logStorage.objectLockDays": 365,
        **SUPPLIED,
    }
    return run_program("prod", with_changes("prod", changes))


@pytest.fixture(scope="module")
def adopting() -> list[Registered]:
    """What a stack registers that takes over the copies of another one's secrets."""
    return run_program("prod", with_changes("prod", ADOPTING))


# Database


def database(resources: list[Registered]) -> dict[str, Any]:
    return inputs(resources, "rds/instance:Instance", "database-1")


@pytest.mark.parametrize("stack", ["dev", "prod"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("publiclyAccessible", False),
        ("storageEncrypted", True),
        ("iamDatabaseAuthenticationEnabled", True),
        ("username", "litellm_admin"),
        ("copyTagsToSnapshot", True),
        ("monitoringInterval", 60),
        ("performanceInsightsEnabled", True),
        ("autoMinorVersionUpgrade", True),
        ("enabledCloudwatchLogsExports", ["postgresql", "upgrade"]),
    ],
)
def test_the_database_is_hardened(
    stack: str, key: str, value: Any, request: pytest.FixtureRequest
) -> None:
    assert database(request.getfixturevalue(stack))[key] == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("multiAz", True),
        ("deletionProtection", True),
        ("skipFinalSnapshot", False),
        ("backupRetentionPeriod", 35),
        ("applyImmediately", False),
    ],
)
def test_the_database_of_prod_is_hard_to_lose(prod: list[Registered], key: str, value: Any) -> None:
    assert database(prod)[key] == value


def parameters(resources: list[Registered]) -> dict[str, str]:
    group = only(resources, "rds/parameterGroup:ParameterGroup").inputs
    return {one["name"]: one["value"] for one in group["parameters"]}


def test_the_database_takes_tls_only(dev: list[Registered]) -> None:
    assert parameters(dev)["rds.force_ssl"] == "1"


def test_slow_statements_are_logged_without_the_values_bound_to_them(
    dev: list[Registered],
) -> None:
    assert parameters(dev)["log_min_duration_statement"] == "1000"
    assert parameters(dev)["log_parameter_max_length"] == "0"


@pytest.mark.parametrize(("stack", "days"), [("dev", 30), ("prod", 365)])
def test_the_logs_of_the_database_stand_in_groups_of_the_stack(
    stack: str, days: int, request: pytest.FixtureRequest
) -> None:
    groups = of_type(request.getfixturevalue(stack), "logGroup:LogGroup")
    found = {
        group.inputs["name"]: (group.inputs["retentionInDays"], group.inputs["kmsKeyId"])
        for group in groups
        if group.name.startswith("database-")
    }
    key = "arn:aws:kms:us-east-1:111122223333:key/logs"
    assert found == {
        f"/aws/rds/instance/litellm-{stack}-database-1/{log}": (days, key)
        for log in ("postgresql", "upgrade")
    }


def test_a_final_snapshot_is_never_named_twice(
    dev: list[Registered], prod: list[Registered]
) -> None:
    assert database(prod)["finalSnapshotIdentifier"] == "litellm-prod-database-1-final-0a1b2c3d"
    assert "finalSnapshotIdentifier" not in database(dev)


def test_changes_of_the_database_can_be_forced(other: list[Registered]) -> None:
    assert database(other)["applyImmediately"] is True


# Cache


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("automaticFailoverEnabled", True),
        ("multiAzEnabled", True),
        ("atRestEncryptionEnabled", True),
        ("transitEncryptionEnabled", True),
        ("snapshotRetentionLimit", 1),
        ("finalSnapshotIdentifier", "litellm-prod-cache-final-0a1b2c3d"),
        ("userGroupIds", ["litellm-prod-cache"]),
    ],
)
def test_the_cache_of_prod_is_hardened(prod: list[Registered], key: str, value: Any) -> None:
    assert inputs(prod, "ReplicationGroup", "cache")[key] == value


def test_the_default_user_of_the_cache_may_do_nothing(dev: list[Registered]) -> None:
    user = inputs(dev, "elasticache/user:User", "cache-default")
    assert (user["userName"], user["accessString"]) == ("default", "off ~* -@all")
    group = inputs(dev, "UserGroup", "cache")
    assert group["userIds"] == ["litellm-dev-cache", "litellm-dev-cache-default"]


def test_the_logs_of_the_cache_stand_in_groups_of_the_stack(dev: list[Registered]) -> None:
    group = inputs(dev, "ReplicationGroup", "cache")
    assert {one["destination"] for one in group["logDeliveryConfigurations"]} == {
        "/aws/elasticache/litellm-dev-cache/slow-log",
        "/aws/elasticache/litellm-dev-cache/engine-log",
    }
    assert {one.inputs["name"] for one in of_type(dev, "LogGroup")} >= {
        one["destination"] for one in group["logDeliveryConfigurations"]
    }


# Bucket


@pytest.mark.parametrize("name", ["logs", "log-copies"])
def test_buckets_of_log_objects_have_every_protection(prod: list[Registered], name: str) -> None:
    block = inputs(prod, "BucketPublicAccessBlock", name)
    assert all(value is True for key, value in block.items() if key.startswith(("block", "ig")))
    assert inputs(prod, "s3/bucket:Bucket", name)["forceDestroy"] is False
    assert inputs(prod, "BucketVersioning", name)["versioningConfiguration"]["status"] == "Enabled"
    assert inputs(prod, "BucketOwnershipControls", name)["rule"] == {
        "objectOwnership": "BucketOwnerEnforced"
    }
    (encryption,) = inputs(prod, "ServerSideEncryptionConfiguration", name)["rules"]
    assert encryption["bucketKeyEnabled"] is True
    assert encryption["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
    (statement,) = json.loads(inputs(prod, "BucketPolicy", name)["policy"])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_requests_to_the_log_bucket_are_logged_elsewhere(prod: list[Registered]) -> None:
    logging = inputs(prod, "BucketLogging", "logs")
    assert logging["targetBucket"].startswith("litellm-prod-access-")


def test_a_lock_is_set_on_both_buckets(other: list[Registered]) -> None:
    for name in ("logs", "log-copies"):
        assert inputs(other, "s3/bucket:Bucket", name)["objectLockEnabled"] is True
        lock = inputs(other, "BucketObjectLockConfiguration", name)
        assert lock["rule"] == {"defaultRetention": {"mode": "COMPLIANCE", "days": 365}}


def test_a_tier_that_is_left_out_is_not_in_the_rules() -> None:
    age, *_ = lifecycle_rules(LogStorageSettings(deep_archive_days=None))
    assert [step["storage_class"] for step in age["transitions"]] == ["STANDARD_IA", "GLACIER_IR"]


# Copies


def test_dev_has_nothing_in_another_region(dev: list[Registered]) -> None:
    assert [resource for resource in dev if resource.inputs.get("region") == REGION] == []


def test_backups_are_copied_with_the_key_of_the_other_region(prod: list[Registered]) -> None:
    replication = only(prod, "InstanceAutomatedBackupsReplication").inputs
    assert replication == {
        "sourceDbInstanceArn": "arn:aws:mock:us-east-1:111122223333:database-1",
        "kmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/copies",
        "retentionPeriod": 35,
        "region": REGION,
    }
    assert inputs(prod, "kms/key:Key", "copies")["region"] == REGION


def test_a_new_generation_gets_copies_of_its_own_beside_those_of_the_retired_one(
    other: list[Registered],
) -> None:
    copies = of_type(other, "InstanceAutomatedBackupsReplication")
    assert {copy.name for copy in copies} == {"database-1", "database-2"}


def test_log_objects_are_copied_and_their_deletion_is_not(prod: list[Registered]) -> None:
    (rule,) = only(prod, "BucketReplicationConfig").inputs["rules"]
    assert rule["deleteMarkerReplication"] == {"status": "Disabled"}
    assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}
    assert rule["destination"]["metrics"] == {"status": "Enabled"}
    assert inputs(prod, "s3/bucket:Bucket", "log-copies")["region"] == REGION


def test_copying_may_read_one_bucket_and_write_the_other() -> None:
    policy = json.loads(
        replication_policy(
            source="arn:aws:s3:::here",
            destination="arn:aws:s3:::there",
            source_key="arn:key-here",
            destination_key="arn:key-there",
            regions=("us-east-1", REGION),
        )
    )
    writing = [
        statement["Resource"]
        for statement in policy["Statement"]
        if any(action.startswith("s3:Replicate") for action in statement["Action"])
    ]
    assert writing == [["arn:aws:s3:::there/*"]]
    assert {tuple(s["Resource"]) for s in policy["Statement"] if "kms" in s["Action"][0]} == {
        ("arn:key-here",),
        ("arn:key-there",),
    }


def secrets(resources: list[Registered]) -> dict[str, dict[str, Any]]:
    return {one.name: one.inputs for one in of_type(resources, "secretsmanager/secret:Secret")}


def test_what_cannot_be_generated_anew_is_copied_and_nothing_else() -> None:
    resources = run_program("prod", with_changes("prod", SUPPLIED))
    copied = {
        name: one["replicas"] for name, one in secrets(resources).items() if "replicas" in one
    }
    key = "arn:aws:kms:us-west-2:111122223333:key/copies"
    replica = [{"region": REGION, "kmsKeyId": key}]
    assert copied == {"salt-key": replica, "slack-webhook": replica}


# Secrets


def test_secrets_of_prod_have_names_that_another_stack_can_adopt(prod: list[Registered]) -> None:
    assert {one["name"] for one in secrets(prod).values()} == {
        f"litellm/prod/{name}" for name in secrets(prod)
    }


def test_secrets_of_dev_have_names_that_are_free_again_at_once(dev: list[Registered]) -> None:
    assert all(
        one["namePrefix"] == f"litellm/dev/{name}-" and "name" not in one
        for name, one in secrets(dev).items()
    )


def test_every_secret_is_rotated_or_says_why_not(prod: list[Registered]) -> None:
    tags = {name: one["tags"]["litellm:rotation"] for name, one in secrets(prod).items()}
    exempt = tags.pop("salt-key")
    assert exempt.startswith("exempt: ")
    assert set(tags.values()) == {"epoch"}


def test_another_stack_takes_over_what_was_copied_under_its_names(
    adopting: list[Registered],
) -> None:
    assert not {"salt-key", "slack-webhook"} & secrets(adopting).keys()
    external = inputs(adopting, ":ExternalSecret", "slack-webhook-3")
    (source,) = external["spec"]["dataFrom"]
    assert source["extract"] == {"key": "litellm/main/slack-webhook", "version": "epoch-3"}


def test_external_secrets_may_use_the_key_of_what_was_adopted(adopting: list[Registered]) -> None:
    policy = json.loads(inputs(adopting, "rolePolicy:RolePolicy", "external-secrets")["policy"])
    (decrypting,) = [s for s in policy["Statement"] if s["Action"] == ["kms:Decrypt"]]
    assert "arn:aws:kms:us-east-1:111122223333:key/adopted-key" in decrypting["Resource"]


def test_an_adopted_secret_reaches_the_pods(adopting: list[Registered]) -> None:
    names = {
        entry["name"]: entry["secret"] for entry in gateway_values(adopting)["secretEnvironment"]
    }
    assert names["SLACK_WEBHOOK_URL"] == "slack-webhook-3"


def test_values_are_not_supplied_where_they_are_adopted() -> None:
    (problem,) = problems_of("prod", {**ADOPTING, **SUPPLIED})
    assert "suppliedSecrets.slackWebhook: nothing in this stack uses it" in problem


def test_naming_a_stack_without_adopting_is_an_error() -> None:
    (problem,) = problems_of("prod", {"secrets.adoptFrom": "main"})
    assert "adoptFrom main has nothing to adopt" in problem


# Keys


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_key_rotates_and_lets_in_no_one_by_wildcard(
    stack: str, request: pytest.FixtureRequest
) -> None:
    keys = of_type(request.getfixturevalue(stack), "kms/key:Key")
    assert len(keys) == (6 if stack == "prod" else 5)
    for key in keys:
        assert key.inputs["enableKeyRotation"] is True
        statements = json.loads(key.inputs["policy"])["Statement"]
        assert all("*" not in json.dumps(one["Principal"]) for one in statements)


def test_a_key_of_data_is_for_the_account_alone() -> None:
    (statement,) = json.loads(plain_key_policy("aws", "111122223333"))["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}


def test_log_groups_of_this_account_and_region_may_use_the_key_of_logs() -> None:
    policy = json.loads(log_key_policy("aws", "111122223333", "us-east-1"))
    (logs,) = [one for one in policy["Statement"] if one["Sid"] == "LogGroups"]
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert logs["Condition"]["ArnLike"] == {
        "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:111122223333:log-group:*"
    }


def test_alarms_of_this_account_may_use_the_key_of_topics() -> None:
    policy = json.loads(topic_key_policy("aws", "111122223333"))
    (alarms,) = [one for one in policy["Statement"] if one["Sid"] == "AlarmsAndBudgets"]
    assert "cloudwatch.amazonaws.com" in alarms["Principal"]["Service"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
