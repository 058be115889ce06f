"""What the program makes for SQL over logs and for the archive of spend rows."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from recorded_program import Registered, run_program
from test_program import of_type, only
from test_settings import problems_of, settings_of, with_changes

from archiver.layout import PAYLOAD
from infra.analytics_policies import log_reader_policy, request_copy_policy, spend_archive_policy
from infra.log_queries import log_queries
from infra.log_tables import LogTable, analytics_lifecycle_rules, log_tables
from sandbox.node import features

BUCKET, KEY = "arn:aws:s3:::logs", "arn:aws:kms:us-east-1:111122223333:key/1"


def table(name: str) -> LogTable:
    (found,) = [one for one in log_tables(settings_of("prod"), "bucket") if one.name == name]
    return found


def cron_jobs(resources: list[Registered]) -> dict[str, Any]:
    return {job.name: job.inputs["spec"] for job in of_type(resources, "batch/v1:CronJob")}


def pods(resources: list[Registered]) -> dict[str, Any]:
    jobs = cron_jobs(resources)
    return {name: job["jobTemplate"]["spec"]["template"]["spec"] for name, job in jobs.items()}


def litellm_config(resources: list[Registered]) -> dict[str, Any]:
    (config,) = [r for r in of_type(resources, "core/v1:ConfigMap") if r.name == "config"]
    parsed: dict[str, Any] = yaml.safe_load(config.inputs["data"]["config.yaml"])
    return parsed


def statements(policy: str) -> Iterator[tuple[str, str]]:
    for statement in json.loads(policy)["Statement"]:
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield action, resource


def test_requests_are_partitioned_by_day_without_a_crawler(prod: list[Registered]) -> None:
    (found,) = [r for r in of_type(prod, "CatalogTable") if r.name == "requests"]
    parameters = found.inputs["parameters"]
    location = found.inputs["storageDescriptor"]["location"]
    assert parameters["projection.day.range"] == "NOW-730DAYS,NOW+1DAYS"
    assert parameters["storage.location.template"] == f"{location}date=${{day}}/"
    assert [key["name"] for key in found.inputs["partitionKeys"]] == ["day"]
    assert not of_type(prod, "Crawler")


def test_log_objects_are_found_whatever_stands_before_their_day() -> None:
    found = table("log_objects")
    assert found.location == "s3://bucket/logs/"
    assert found.partition_keys == []


def test_every_field_of_a_request_is_a_column() -> None:
    for name in ("requests", "log_objects"):
        columns = {column["name"] for column in table(name).storage_descriptor["columns"]}
        assert {field.lower() for field in PAYLOAD} <= columns
    columns = {column["name"] for column in table("requests").storage_descriptor["columns"]}
    wanted = {"user_api_key_user_id", "user_api_key_hash", "requester_ip_address", "session_id"}
    assert wanted <= columns


def test_names_of_columns_are_what_glue_takes() -> None:
    for found in log_tables(settings_of("prod"), "bucket"):
        names = [column["name"] for column in found.storage_descriptor["columns"]]
        assert names == [name.lower() for name in names]
        assert len(names) == len(set(names))


def test_a_query_is_limited_and_its_result_encrypted_and_no_one_may_choose_otherwise(
    prod: list[Registered],
) -> None:
    configuration = only(prod, "athena/workgroup:Workgroup").inputs["configuration"]
    result = configuration["resultConfiguration"]
    assert configuration["enforceWorkgroupConfiguration"] is True
    assert configuration["bytesScannedCutoffPerQuery"] == 10 * 1024**3
    assert result["encryptionConfiguration"]["encryptionOption"] == "SSE_KMS"


def test_results_expire(prod: list[Registered]) -> None:
    (rules,) = [
        r.inputs["rules"]
        for r in of_type(prod, "BucketLifecycleConfiguration")
        if r.name == "results"
    ]
    assert rules[0]["expiration"] == {"days": 7}


def test_named_queries_keep_to_the_limits_of_athena(prod: list[Registered]) -> None:
    # docs.aws.amazon.com/athena/latest/APIReference/API_CreateNamedQuery.html
    for query in of_type(prod, "namedQuery:NamedQuery"):
        assert 1 <= len(query.inputs["description"]) <= 1024
        assert len(query.inputs["query"].encode()) <= 262_144


def test_without_the_archive_there_is_neither_its_job_nor_its_tables_nor_its_queries() -> None:
    changes = {"spendArchive.enabled": False}
    resources = run_program("dev", with_changes("dev", changes))
    assert cron_jobs(resources).keys() == {"request-copy", "secret-ages"}
    assert not [r for r in of_type(resources, "CatalogTable") if r.name.startswith("spend")]
    queries = log_queries(settings_of("dev", changes))
    assert not [query for query in queries if "spend_logs" in query.text]


def test_without_analytics_there_is_no_copy_and_no_database() -> None:
    resources = run_program("dev", with_changes("dev", {"logAnalytics.enabled": False}))
    assert cron_jobs(resources).keys() == {"spend-archive", "secret-ages"}
    assert not [r for r in resources if "glue" in r.type or "athena" in r.type]


def test_litellm_deletes_spend_rows_only_where_nobody_archives_them(
    dev: list[Registered],
) -> None:
    key = "maximum_spend_logs_retention_period"
    deleting = run_program("dev", with_changes("dev", {"spendArchive.enabled": False}))
    assert key not in litellm_config(dev)["general_settings"]
    assert litellm_config(deleting)["general_settings"][key] == "90d"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_one_run_at_a_time(stack: str, request: pytest.FixtureRequest) -> None:
    jobs = cron_jobs(request.getfixturevalue(stack))
    assert jobs.keys() == {"request-copy", "spend-archive", "secret-ages"}
    assert {job["concurrencyPolicy"] for job in jobs.values()} == {"Forbid"}


def test_pods_of_the_archiver_are_restricted(prod: list[Registered]) -> None:
    for pod in pods(prod).values():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


def test_the_sandbox_can_run_the_pods_of_the_archiver(prod: list[Registered]) -> None:
    for pod in pods(prod).values():
        features.check(pod)


def test_only_the_spend_archive_knows_the_database(prod: list[Registered]) -> None:
    names = {
        task: {variable["name"] for variable in pod["containers"][0]["env"]}
        for task, pod in pods(prod).items()
    }
    assert "PGHOST" in names["spend-archive"]
    assert not [name for name in names["request-copy"] if name.startswith("PG")]
    volumes = {volume["name"] for volume in pods(prod)["request-copy"]["volumes"]}
    assert "database" not in volumes


def test_the_spend_archive_takes_the_user_of_the_serving_epoch() -> None:
    resources = run_program("dev", with_changes("dev", {"rotation.database": 2}))
    volumes = pods(resources)["spend-archive"]["volumes"]
    (credentials,) = [volume["secret"] for volume in volumes if volume["name"] == "database"]
    assert credentials["secretName"] == "database-2"


def test_pods_of_the_archiver_take_no_connections_and_reach_what_they_need(
    prod: list[Registered],
) -> None:
    policies = {
        policy.name: policy.inputs["spec"]
        for policy in of_type(prod, "networking.k8s.io/v1:NetworkPolicy")
    }
    tasks = ("request-copy", "spend-archive", "secret-ages")
    for task in tasks:
        assert policies[task]["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in policies[task]
    ports = {
        task: {port["port"] for rule in policies[task]["egress"] for port in rule["ports"]}
        for task in tasks
    }
    assert ports == {
        "request-copy": {53, 443},
        "spend-archive": {53, 443, 5432},
        "secret-ages": {53, 443},
    }


def test_a_changed_program_is_a_new_config_map(prod: list[Registered]) -> None:
    (programs,) = [r for r in of_type(prod, "core/v1:ConfigMap") if r.name == "archiver"]
    assert programs.inputs["immutable"] is True
    assert {"requests.py", "spend.py", "layout.py"} <= programs.inputs["data"].keys()
    # The limit of the API server is 1 MiB.
    assert sum(map(len, programs.inputs["data"].values())) < 512 * 1024


def test_the_spend_archive_may_write_below_its_prefix_and_nothing_else() -> None:
    policy = spend_archive_policy(bucket_arn=BUCKET, key_arn=KEY)
    assert set(statements(policy)) == {
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", f"{BUCKET}/spend/*"),
        ("s3:PutObject", f"{BUCKET}/spend/*"),
        ("kms:Decrypt", KEY),
        ("kms:GenerateDataKey", KEY),
    }
    (listing,) = [s for s in json.loads(policy)["Statement"] if "s3:ListBucket" in s["Action"]]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": ["spend/*"]}}


def test_the_copy_of_requests_may_not_write_logs() -> None:
    policy = request_copy_policy(bucket_arn=BUCKET, key_arn=KEY)
    written = {resource for action, resource in statements(policy) if action == "s3:PutObject"}
    assert written == {f"{BUCKET}/requests/*", f"{BUCKET}/requests-plans/*"}


def test_readers_of_logs_may_write_results_only() -> None:
    policy = log_reader_policy(
        workgroup_arn="arn:aws:athena:us-east-1:111122223333:workgroup/logs",
        catalog_arn="arn:aws:glue:us-east-1:111122223333",
        databases=["litellm_prod"],
        bucket_arns=[BUCKET],
        results_arn="arn:aws:s3:::results",
        key_arns=[KEY],
    )
    assert {resource for action, resource in statements(policy) if action == "s3:PutObject"} == {
        "arn:aws:s3:::results/*"
    }
    assert not [resource for _, resource in statements(policy) if resource == "*"]


def test_no_copy_goes_where_a_query_cannot_follow() -> None:
    rules = {rule["id"]: rule for rule in analytics_lifecycle_rules(settings_of("prod"))}
    assert rules.keys() == {"requests", "requests-plans", "spend"}
    tiers = {step["storage_class"] for rule in rules.values() for step in rule["transitions"]}
    assert tiers == {"STANDARD_IA", "GLACIER_IR"}
    assert rules["spend"]["expiration"] == {"days": 2555}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"logAnalytics.copySchedule": "hourly"}, "logAnalytics.copySchedule: is no schedule"),
        ({"logAnalytics.copySchedule": "61 * * * *"}, "logAnalytics.copySchedule"),
        ({"spendArchive.schedule": "@daily"}, "spendArchive.schedule: is no schedule"),
        ({"spendArchive.batchRows": 0}, "spendArchive.batchRows"),
        ({"logAnalytics.scanLimitGib": 0}, "logAnalytics.scanLimitGib"),
        ({"spendArchive.retentionDays": 30}, "is below gateway.spendLogRetentionDays 90"),
        ({"logAnalytics.periodDays": 1000}, "is beyond logStorage.retentionDays 730"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], told: str) -> None:
    assert any(told in problem for problem in problems_of("dev", changes))


@pytest.mark.parametrize("schedule", ["*/5 * * * *", "0,30 1-5 * * 1-5", "17 2 1 */3 *"])
def test_schedules_of_cron_are_taken(schedule: str) -> None:
    assert settings_of("dev", {"spendArchive.schedule": schedule}).spend_archive.enabled
