"""The life of catalogue tables, workgroups and named queries through the real engine and moto."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto_client import client
from stacks import Outcome, Stack, serving

from sandbox.providers.aws import AwsProvider

KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def program(limit: int = 10**9, **more: str) -> Callable[[], None]:
    def resources() -> None:
        provider = aws.Provider("aws", region="us-east-1", default_tags={"tags": {"stack": "life"}})
        options = pulumi.ResourceOptions(provider=provider)
        database = aws.glue.CatalogDatabase("database", name="life_of_logs", opts=options)
        names = {"id": "string", **more}
        aws.glue.CatalogTable(
            "table",
            name="requests",
            database_name=database.name,
            table_type="EXTERNAL_TABLE",
            parameters={"EXTERNAL": "TRUE", "projection.enabled": "true"},
            partition_keys=[{"name": "day", "type": "string"}],
            storage_descriptor={
                "location": "s3://bucket/requests/",
                "columns": [{"name": name, "type": kind} for name, kind in names.items()],
                "input_format": "org.apache.hadoop.mapred.TextInputFormat",
                "ser_de_info": {
                    "serialization_library": "org.openx.data.jsonserde.JsonSerDe",
                    "parameters": {"ignore.malformed.json": "true"},
                },
            },
            opts=options,
        )
        workgroup = aws.athena.Workgroup(
            "workgroup",
            name="life-of-logs",
            force_destroy=True,
            configuration={
                "enforce_workgroup_configuration": True,
                "bytes_scanned_cutoff_per_query": limit,
                "engine_version": {"selected_engine_version": "Athena engine version 3"},
                "result_configuration": {
                    "output_location": "s3://results/",
                    "encryption_configuration": {
                        "encryption_option": "SSE_KMS",
                        "kms_key_arn": KEY,
                    },
                },
            },
            opts=options,
        )
        aws.athena.NamedQuery(
            "query",
            name="everything",
            database="life_of_logs",
            workgroup=workgroup.name,
            query="SELECT id FROM requests",
            opts=options,
        )

    return resources


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with serving("aws", AwsProvider(None)) as served:
        yield Stack(tmp_path_factory.mktemp("analytics") / "stack", served)


@dataclass
class Story:
    """What the engine did, and what the stand-in for AWS then had."""

    second: Outcome
    refreshed: Outcome
    changed: Outcome
    changed_refresh: Outcome
    table: dict[str, Any]
    workgroup: dict[str, Any]
    left: list[str]


@pytest.fixture(scope="module")
def story(stack: Stack) -> Story:
    stack.up(program())
    second = stack.up(program())
    refreshed = stack.refresh(program())
    changed = stack.up(program(limit=2 * 10**9, user="string"))
    changed_refresh = stack.refresh(program(limit=2 * 10**9, user="string"))
    table = client("glue").get_table(DatabaseName="life_of_logs", Name="requests")["Table"]
    workgroup = client("athena").get_work_group(WorkGroup="life-of-logs")["WorkGroup"]
    stack.destroy(program())
    return Story(second, refreshed, changed, changed_refresh, table, workgroup, _left_in_moto())


def _left_in_moto() -> list[str]:
    glue, athena = client("glue"), client("athena")
    groups = [group["Name"] for group in athena.list_work_groups()["WorkGroups"]]
    return [
        *(database["Name"] for database in glue.get_databases()["DatabaseList"]),
        *(name for name in groups if name != "primary"),
        *athena.list_named_queries()["NamedQueryIds"],
    ]


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_finds_no_drift(story: Story) -> None:
    assert (story.refreshed.drift, story.changed_refresh.drift) == ({}, {})


def test_a_changed_limit_and_a_new_column_replace_nothing(story: Story) -> None:
    assert story.changed.named("update") == {"workgroup", "table"}
    assert story.changed.changed == {"workgroup", "table"}


def test_the_limit_of_the_workgroup_is_the_new_one(story: Story) -> None:
    configuration = story.workgroup["Configuration"]
    assert configuration["BytesScannedCutoffPerQuery"] == 2 * 10**9
    assert configuration["ResultConfiguration"]["OutputLocation"] == "s3://results/"


def test_the_table_has_the_new_column(story: Story) -> None:
    columns = story.table["StorageDescriptor"]["Columns"]
    assert [column["Name"] for column in columns] == ["id", "user"]


def test_destroy_leaves_nothing(story: Story) -> None:
    assert story.left == []
