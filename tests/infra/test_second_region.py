"""``prod-dr``: the gateway in the region that has the copies, from what ``prod`` left there."""

import ipaddress
import json
from typing import Any

from recorded_program import Registered, run_program, stack_configuration
from test_program import of_type, only
from test_settings import settings_of, with_changes

COPIES = "litellm-prod-log-copies-111122223333-us-west-2"
# Sections that say where a stack is and what it comes from; all else is as in prod.
_OF_THE_REGION = {"aws", "disasterRecovery", "identity", "loadBalancer", "network", "restore"}
_OF_THE_REGION |= {"secrets"}


def named(resources: list[Registered], suffix: str, name: str) -> dict[str, Any]:
    (found,) = [resource for resource in of_type(resources, suffix) if resource.name == name]
    return found.inputs


def test_it_is_prod_but_for_its_region_and_its_origin() -> None:
    prod, other = (
        {key.partition(":")[2]: text for key, text in stack_configuration(stack).items()}
        for stack in ("prod", "prod-dr")
    )
    different = {key for key in prod.keys() | other.keys() if prod.get(key) != other.get(key)}
    assert different == _OF_THE_REGION


def test_it_stands_in_the_region_of_the_copies_of_prod() -> None:
    prod, other = settings_of("prod"), settings_of("prod-dr")
    assert other.aws.region == prod.disaster_recovery.region
    assert other.restore.from_region == prod.aws.region


def test_its_network_and_that_of_prod_can_be_connected_to_the_same_ones() -> None:
    networks = [
        ipaddress.IPv4Network(settings_of(stack).network.cidr) for stack in ("prod", "prod-dr")
    ]
    assert not networks[0].overlaps(networks[1])
    assert str(networks[0]) in settings_of("prod-dr").network.reserved_cidrs


def test_its_database_comes_from_the_copied_backups(prod_dr: list[Registered]) -> None:
    assert only(prod_dr, "rds/instance:Instance").inputs["restoreToPointInTime"] == {
        "sourceDbInstanceAutomatedBackupsArn": "arn:aws:rds:us-west-2:111122223333:"
        "auto-backup:ab-example",
        "useLatestRestorableTime": True,
    }


def test_it_makes_every_secret_anew_but_the_salt_key(prod_dr: list[Registered]) -> None:
    made = {r.name: r.inputs["name"] for r in of_type(prod_dr, "secretsmanager/secret:Secret")}
    assert "salt-key" not in made
    assert {"master-key", "database", "cache"} <= made.keys()
    assert made["database"] == "litellm/prod-dr/database"
    external = named(prod_dr, ":ExternalSecret", "salt-key-1")
    (source,) = external["spec"]["dataFrom"]
    assert source["extract"]["key"] == "litellm/prod/salt-key"


def test_it_takes_over_the_names_of_prod(prod_dr: list[Registered], prod: list[Registered]) -> None:
    def records(resources: list[Registered]) -> dict[str, Any]:
        found = of_type(resources, "route53/record:Record")
        return {
            r.inputs["name"]: r.inputs.get("allowOverwrite")
            for r in found
            if "type" in r.inputs and r.inputs["type"] == "A"
        }

    assert records(prod_dr).keys() == records(prod).keys()
    assert set(records(prod_dr).values()) == {True}
    assert set(records(prod).values()) == {None}


def test_it_has_a_log_bucket_of_its_own(prod_dr: list[Registered]) -> None:
    bucket = named(prod_dr, "s3/bucket:Bucket", "logs")
    assert bucket["bucket"] == "litellm-prod-dr-logs-111122223333-us-west-2"


def test_tables_lie_over_the_copied_logs_of_prod(
    prod_dr: list[Registered], prod: list[Registered]
) -> None:
    assert named(prod_dr, "CatalogDatabase", "copied-logs")["name"] == "litellm_prod_dr_copies"
    place = named(prod_dr, "CatalogTable", "copied-requests")
    assert place["storageDescriptor"]["location"] == f"s3://{COPIES}/requests/"
    copies = named(prod, "s3/bucket:Bucket", "log-copies")
    assert copies["bucket"] == COPIES


def test_readers_of_logs_may_read_the_copied_ones_and_write_none(
    prod_dr: list[Registered],
) -> None:
    document = json.loads(named(prod_dr, "iam/policy:Policy", "log-reader")["policy"])
    about_copies = [
        (statement["Action"], resource)
        for statement in document["Statement"]
        for resource in statement["Resource"]
        if COPIES in resource
    ]
    actions = {action for allowed, _ in about_copies for action in allowed}
    assert actions == {"s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"}
    keys = [
        s
        for s in document["Statement"]
        if "arn:aws:kms:us-east-1:111122223333:key/alias-litellm-prod-copies" in s["Resource"]
    ]
    assert [statement["Action"] for statement in keys] == [["kms:Decrypt"]]


def test_the_workflows_find_the_secrets_that_were_taken_over(prod_dr: list[Registered]) -> None:
    for role in ("preview-state", "deploy-identity"):
        document = json.loads(named(prod_dr, "iam/policy:Policy", f"github-{role}")["policy"])
        (found,) = [
            statement
            for statement in document["Statement"]
            if any("secret:litellm/prod/*" in one for one in statement.get("Resource", ()))
        ]
        assert found["Action"] == [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetResourcePolicy",
        ]


def test_a_stack_that_took_nothing_over_reads_no_other_bucket(prod: list[Registered]) -> None:
    assert [r.name for r in of_type(prod, "CatalogDatabase")] == ["logs"]


def test_a_later_restore_in_the_second_region_names_a_database_there() -> None:
    changes = {
        "database.generation": 2,
        "database.retiredGenerations": [1],
        "restore.pointInTime": {"source": "litellm-prod-dr-database-1"},
    }
    databases = of_type(
        run_program("prod-dr", with_changes("prod-dr", changes)), "rds/instance:Instance"
    )
    assert {database.name for database in databases} == {"database-1", "database-2"}
