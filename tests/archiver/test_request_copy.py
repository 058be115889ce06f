"""The copy of request logs: objects by LiteLLM's own logger, real Parquet, moto's S3."""

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from archiver_process import SIGKILL, Archiver
from log_objects import TODAY, request, write

from archiver.layout import METADATA, PAYLOAD, REQUEST_COLUMNS
from sandbox import litellm_image
from sandbox.paths import PROJECT_ROOT

PROGRAM = "archiver.requests"
# Teams and keys that are missing, hold what paths are made of, or hide from those who list files.
ALIASES: dict[str, tuple[str | None, str | None]] = {
    "both": ("platform", "ci"),
    "no-team": (None, "ci"),
    "no-key": ("platform", None),
    "neither": (None, None),
    "slashes": ("a/b//c/", "/d"),
    "spaces": ("Data Science & ML", "key #1 (50%)"),
    "unicode": ("équipe 日本語 🚀", "ключ"),
    "hidden": ("_internal", ".hidden"),
    "dates": ("2026-01-01", "1999-12-31"),
    "quotes": ('O\'Brien "Bob"', "a=b?c+d"),
    "long": ("x" * 900, "y" * 900),
}
STEPS = [
    ("archiver.bucket.Bucket.put_new", "before", 2),
    ("archiver.bucket.Bucket.put_new", "after", 2),
    ("archiver.bucket.Bucket.put", "before", 1),
    ("archiver.bucket.Bucket.put", "after", 2),
]


@pytest.fixture(scope="module")
def only_bucket() -> Archiver:
    litellm_image.ensure(print)
    return Archiver("request-copy-tests")


@pytest.fixture
def archiver(only_bucket: Archiver) -> Archiver:
    only_bucket.empty()
    return only_bucket


@pytest.fixture(scope="module")
def objects(only_bucket: Archiver, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What LiteLLM's logger writes for every alias on two days, by the keys that it chooses."""
    requests = [
        request(f"{name}-{days}", team=team, key=key, days_ago=days)
        for name, (team, key) in ALIASES.items()
        for days in (0, 1)
    ]
    only_bucket.empty()
    write(only_bucket, tmp_path_factory.mktemp("writer"), [requests])
    return {
        key: only_bucket.s3.get_object(Bucket=only_bucket.bucket, Key=key)["Body"].read()
        for key in only_bucket.keys("")
    }


@pytest.fixture
def filled(archiver: Archiver, objects: dict[str, bytes]) -> Archiver:
    for key, content in objects.items():
        archiver.s3.put_object(Bucket=archiver.bucket, Key=key, Body=content)
    return archiver


def put(archiver: Archiver, folder: str, payload: Mapping[str, Any]) -> None:
    """Write an object of today with one request."""
    key = f"{folder}/{TODAY:%Y-%m-%d}/time-00-00-00-000000_{payload['id']}.json"
    archiver.s3.put_object(Bucket=archiver.bucket, Key=key, Body=json.dumps(payload).encode())


def copied(archiver: Archiver, folder: Path) -> "Counter[str]":
    """How often each request is in the copy."""
    archiver.download("requests/", folder)
    files = list(folder.rglob("*.parquet"))
    rows = duckdb.sql(f"SELECT id FROM read_parquet({list(map(str, files))})") if files else None
    return Counter(id for (id,) in rows.fetchall()) if rows else Counter()


EVERY_REQUEST = Counter(f"{name}-{days}" for name in ALIASES for days in (0, 1))


def test_litellm_puts_team_and_key_before_the_day(objects: dict[str, bytes]) -> None:
    day = f"{TODAY:%Y-%m-%d}"
    folders = {key.rpartition("/")[0] for key in objects}
    assert {
        f"logs/platform/ci/{day}",
        f"logs/ci/{day}",
        f"logs/platform/{day}",
        f"logs/{day}",
        f"logs/a/b//c///d/{day}",
        f"logs/_internal/.hidden/{day}",
    } <= folders


def test_every_request_is_copied_once_whatever_its_team_and_key(
    filled: Archiver, tmp_path: Path
) -> None:
    filled.succeed(PROGRAM)
    assert copied(filled, tmp_path) == EVERY_REQUEST


def test_a_copy_lies_in_the_folder_of_its_day(filled: Archiver, tmp_path: Path) -> None:
    filled.succeed(PROGRAM)
    filled.download("requests/", tmp_path)
    today = tmp_path / "requests" / f"date={TODAY:%Y-%m-%d}"
    rows = duckdb.sql(f"SELECT id FROM '{today}/*.parquet'").fetchall()
    assert {id for (id,) in rows} == {f"{name}-0" for name in ALIASES}


def test_a_copy_has_every_declared_column(filled: Archiver, tmp_path: Path) -> None:
    filled.succeed(PROGRAM)
    filled.download("requests/", tmp_path)
    described = duckdb.sql(
        f"DESCRIBE SELECT * FROM read_parquet('{tmp_path}/**/*.parquet', hive_partitioning = false)"
    ).fetchall()
    types = {"bigint": "BIGINT", "boolean": "BOOLEAN", "double": "DOUBLE"}
    found = {row[0]: row[1] for row in described}
    assert found == {name: types.get(kind, "VARCHAR") for name, kind in REQUEST_COLUMNS.items()}


def test_values_of_a_request_are_those_of_its_log(filled: Archiver, tmp_path: Path) -> None:
    filled.succeed(PROGRAM)
    filled.download("requests/", tmp_path)
    (row,) = duckdb.sql(
        "SELECT user_api_key_team_alias, user_api_key_alias, requester_ip_address, total_tokens, "
        "stream, status, json_extract_string(metadata, '$.user_api_key_hash') "
        f"FROM '{tmp_path}/**/*.parquet' WHERE id = 'unicode-0'"
    ).fetchall()
    assert row[:3] == ("équipe 日本語 🚀", "ключ", "127.0.0.1")
    assert (row[4], row[5], row[6]) == (False, "success", "hash-of-ключ")


def test_a_second_run_copies_what_is_new_only(filled: Archiver, tmp_path: Path) -> None:
    filled.succeed(PROGRAM)
    before = set(filled.keys("requests/"))
    put(filled, "logs/platform/ci", {"call_type": "x", "id": "later"})
    filled.succeed(PROGRAM)
    assert len(set(filled.keys("requests/")) - before) == 1
    assert copied(filled, tmp_path) == EVERY_REQUEST + Counter(["later"])


@pytest.mark.parametrize(("method", "when", "number"), STEPS)
def test_a_run_that_is_killed_loses_and_doubles_nothing(
    filled: Archiver, tmp_path: Path, method: str, when: str, number: int
) -> None:
    killed = filled.run(PROGRAM, method, when, str(number), BATCH_OBJECTS="4")
    assert killed.returncode == SIGKILL
    # What was written meanwhile must not shift what was planned.
    put(filled, "logs/aaa/first in the listing", {"call_type": "x", "id": "meanwhile"})
    filled.succeed(PROGRAM, BATCH_OBJECTS="4")
    assert copied(filled, tmp_path) == EVERY_REQUEST + Counter(["meanwhile"])


def test_old_days_are_not_looked_at_again(filled: Archiver) -> None:
    filled.s3.put_object(
        Bucket=filled.bucket, Key="requests-plans/checkpoint", Body=f"{TODAY:%Y-%m-%d}".encode()
    )
    old = "logs/platform/ci/2020-01-01/batch.jsonl"
    filled.s3.put_object(Bucket=filled.bucket, Key=old, Body=b'{"call_type": "x", "id": "old"}')
    filled.succeed(PROGRAM)
    assert "requests/date=2020-01-01/000000.parquet" not in filled.keys("requests/")


def test_lines_that_are_no_requests_are_passed_over(archiver: Archiver, tmp_path: Path) -> None:
    content = b'{"call_type": "x", "id": "good"}\nnot JSON\n{"action": "created"}\n[]\n\n'
    key = f"logs/platform/{TODAY:%Y-%m-%d}/batch.jsonl"
    archiver.s3.put_object(Bucket=archiver.bucket, Key=key, Body=content)
    said = archiver.succeed(PROGRAM)
    assert f"{key} has a line that is not JSON" in said
    assert copied(archiver, tmp_path) == Counter(["good"])


def test_a_value_of_another_kind_loses_no_request(archiver: Archiver, tmp_path: Path) -> None:
    odd = {"call_type": 7, "id": "odd", "total_tokens": "many", "metadata": "none", "stream": 1}
    put(archiver, "logs", odd)
    archiver.succeed(PROGRAM)
    assert copied(archiver, tmp_path) == Counter(["odd"])


def test_the_declared_columns_are_the_fields_of_litellms_payload() -> None:
    litellm_image.ensure(print)
    program = PROJECT_ROOT / "config_checks" / "list_log_fields.py"
    done = subprocess.run(
        [litellm_image.built_image().python, program], capture_output=True, text=True, check=True
    )
    fields = json.loads(done.stdout.splitlines()[-1])
    assert fields["payload"] == PAYLOAD
    assert {n: k for n, k in fields["metadata"].items() if n not in PAYLOAD} == METADATA
