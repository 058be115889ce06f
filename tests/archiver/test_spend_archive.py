"""The archive of spend rows: LiteLLM's schema on a real PostgreSQL, real Parquet, moto's S3."""

import json
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import postgresql_server
import pytest
from archiver_process import SIGKILL, Archiver
from postgresql_server import BINARIES, PORT, PostgreSQL

from archiver.layout import SPEND_COLUMNS
from sandbox import litellm_image

NETWORK = "127.214.21"
PROGRAM = "archiver.spend"
TABLES = {
    "logs": "LiteLLM_SpendLogs",
    "tools": "LiteLLM_SpendLogToolIndex",
    "guardrails": "LiteLLM_SpendLogGuardrailIndex",
}
FURTHER_KEYS = {"logs": "''", "tools": "tool_name", "guardrails": "guardrail_id"}
# 12 rows on each of two old days, and 4 of today that stay.
ROWS = r"""
INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, spend, "startTime", "endTime", model,
  metadata, team_id, request_tags)
SELECT format('%s-%s', age, n), 'acompletion', 0.1 * n + 1e-9,
  date_trunc('day', now() AT TIME ZONE 'UTC') - age * interval '1 day' + n * interval '1 hour',
  now() AT TIME ZONE 'UTC', 'claude', jsonb_build_object('n', n, 'text', E'a "b"\n日本語 '''),
  nullif('team-' || n % 3, 'team-0'), '["a", "b"]'
FROM (VALUES (100, 11), (99, 11), (0, 3)) AS days (age, last), generate_series(0, last) AS n;
INSERT INTO "LiteLLM_SpendLogToolIndex"
  SELECT request_id, 'search', "startTime" FROM "LiteLLM_SpendLogs" WHERE request_id LIKE '%-1%';
INSERT INTO "LiteLLM_SpendLogToolIndex"
  SELECT request_id, 'browse', "startTime" FROM "LiteLLM_SpendLogs" WHERE request_id LIKE '%-1';
INSERT INTO "LiteLLM_SpendLogGuardrailIndex"
  SELECT request_id, 'pii', NULL, "startTime" FROM "LiteLLM_SpendLogs";
"""
# A method, and at which call of it: there are three batches in each day.
STEPS = [
    ("archiver.bucket.Bucket.put", "before", 1),
    ("archiver.bucket.Bucket.put", "after", 1),
    ("archiver.bucket.Bucket.get", "after", 2),
    ("archiver.spend.Archive._delete", "before", 5),
    ("psycopg.Transaction.__exit__", "before", 5),
    ("archiver.spend.Archive._delete", "after", 5),
    # Of a table's index, when its rows have left the table itself.
    ("archiver.bucket.Bucket.put", "after", 8),
]

Rows = Mapping[str, "Counter[tuple[str, str]]"]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    """A server with LiteLLM's own schema, owned by the role that the gateway's users act as."""
    litellm_image.ensure(print)
    with postgresql_server.running(NETWORK) as started:
        venv = str(litellm_image.built_image().directory / "venv")
        packages = sysconfig.get_path("purelib", scheme="venv", vars={"base": venv})
        migrations = sorted(Path(packages).glob("litellm_proxy_extras/migrations/*/migration.sql"))
        statements = "\n".join(migration.read_text() for migration in migrations)
        started.psql(f"SET ROLE litellm_owner;\n{statements}")
        yield started


def credentials(folder: Path, password: str) -> str:
    """Write what the pod finds in its volume; return where."""
    (folder / "username").write_text("litellm_a")
    (folder / "password").write_text(password)
    return str(folder)


@pytest.fixture(scope="module")
def only_bucket(server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Archiver:
    environment = {
        "DATABASE_CREDENTIALS": credentials(tmp_path_factory.mktemp("database"), "secret-of-a"),
        "PGHOST": server.address,
        "PGPORT": str(PORT),
        "PGDATABASE": "litellm",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(server.ca),
        "RETENTION_DAYS": "90",
        "BATCH_ROWS": "5",
    }
    return Archiver("spend-archive-tests", environment)


@pytest.fixture
def archiver(server: PostgreSQL, only_bucket: Archiver) -> Archiver:
    """An empty bucket, and the rows in the database."""
    only_bucket.empty()
    server.psql("".join(f'TRUNCATE "{table}";' for table in TABLES.values()))
    server.psql(ROWS)
    return only_bucket


def in_database(server: PostgreSQL) -> Rows:
    """Request and whatever else is the key, for every row of each table."""
    found = {}
    for folder, table in TABLES.items():
        rows = server.psql(f'SELECT request_id, {FURTHER_KEYS[folder]} FROM "{table}"')
        found[folder] = Counter(
            (request, key) for request, key in (row.split("|") for row in rows.splitlines())
        )
    return found


def in_archive(archiver: Archiver, folder: Path) -> Rows:
    archiver.download("spend/", folder)
    found: dict[str, Counter[tuple[str, str]]] = {}
    for name in TABLES:
        files = folder / "spend" / name
        rows = []
        if files.is_dir():
            rows = duckdb.sql(
                f"SELECT request_id, {FURTHER_KEYS[name]} FROM '{files}/**/*.parquet'"
            ).fetchall()
        found[name] = Counter(rows)
    return found


def expected(everything: Rows, of_today: bool) -> Rows:
    return {
        name: Counter({key: n for key, n in rows.items() if key[0].startswith("0-") == of_today})
        for name, rows in everything.items()
    }


def test_old_rows_move_and_those_of_the_retention_stay(
    server: PostgreSQL, archiver: Archiver, tmp_path: Path
) -> None:
    everything = in_database(server)
    archiver.succeed(PROGRAM)
    assert in_database(server) == expected(everything, of_today=True)
    assert in_archive(archiver, tmp_path) == expected(everything, of_today=False)


def test_an_archived_row_has_every_value_of_the_database(
    server: PostgreSQL, archiver: Archiver, tmp_path: Path
) -> None:
    names = [name for name, kind in SPEND_COLUMNS["logs"].items() if kind != "timestamp"]
    texts = ", ".join(f'"{name}"::text' for name in names)
    row = "WHERE request_id = '100-7'"
    wanted = server.psql(
        f'SELECT array_to_json(ARRAY[{texts}, "startTime"::text]) FROM "LiteLLM_SpendLogs" {row}'
    )
    archiver.succeed(PROGRAM)
    archiver.download("spend/logs/", tmp_path)
    columns = ", ".join(f'"{name.lower()}"::text' for name in [*names, "startTime"])
    found = duckdb.sql(
        f"SELECT to_json([{columns}]) FROM '{tmp_path}/**/*.parquet' {row}"
    ).fetchall()
    assert [json.loads(text) for (text,) in found] == [json.loads(wanted)]


def test_each_day_has_its_own_folder(archiver: Archiver) -> None:
    archiver.succeed(PROGRAM)
    folders = {key.rpartition("/")[0] for key in archiver.keys("spend/logs/")}
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=age) for age in (100, 99)]
    assert folders == {f"spend/logs/date={day}" for day in days}


@pytest.mark.parametrize(("method", "when", "number"), STEPS)
def test_a_run_that_is_killed_loses_and_doubles_nothing(
    server: PostgreSQL, archiver: Archiver, tmp_path: Path, method: str, when: str, number: int
) -> None:
    everything = in_database(server)
    assert archiver.run(PROGRAM, method, when, str(number)).returncode == SIGKILL
    there, archived = in_database(server), in_archive(archiver, tmp_path / "killed")
    assert all(everything[name] <= there[name] + archived[name] for name in TABLES)
    archiver.succeed(PROGRAM)
    assert in_database(server) == expected(everything, of_today=True)
    assert in_archive(archiver, tmp_path / "done") == expected(everything, of_today=False)


def test_a_row_that_comes_late_is_archived_once_and_the_others_not_again(
    server: PostgreSQL, archiver: Archiver, tmp_path: Path
) -> None:
    archiver.succeed(PROGRAM)
    server.psql(
        'INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, spend, "startTime", "endTime") '
        "SELECT 'late', 'x', 1, date_trunc('day', now()) - interval '100 days', now()"
    )
    archiver.succeed(PROGRAM)
    rows = in_archive(archiver, tmp_path)["logs"]
    assert rows["late", ""] == 1
    assert (len(rows), rows.total()) == (25, 25)


def test_rows_that_changed_after_they_were_archived_are_archived_as_they_are_now(
    server: PostgreSQL, archiver: Archiver, tmp_path: Path
) -> None:
    killed = archiver.run(PROGRAM, "archiver.spend.Archive._delete", "before", "1")
    assert killed.returncode == SIGKILL
    server.psql("UPDATE \"LiteLLM_SpendLogs\" SET spend = 77 WHERE request_id = '100-0'")
    archiver.succeed(PROGRAM)
    archiver.download("spend/logs/", tmp_path)
    spent = duckdb.sql(
        f"SELECT spend FROM '{tmp_path}/**/*.parquet' WHERE request_id = '100-0' ORDER BY spend"
    ).fetchall()
    assert [round(spend, 6) for (spend,) in spent] == [0, 77]


def test_nothing_is_deleted_where_the_archive_is_not_what_was_written(
    server: PostgreSQL, archiver: Archiver
) -> None:
    everything = in_database(server)
    damaged = archiver.run(PROGRAM, DAMAGE="1")
    assert damaged.returncode != 0
    assert "NotTheSame" in damaged.stderr
    assert in_database(server) == everything


def test_two_archivers_do_not_work_at_the_same_time(server: PostgreSQL, archiver: Archiver) -> None:
    everything = in_database(server)
    with holding_the_lock(server):
        assert "another archiver is at work" in archiver.succeed(PROGRAM)
    assert in_database(server) == everything


@contextmanager
def holding_the_lock(server: PostgreSQL) -> Iterator[None]:
    command = [str(BINARIES / "psql"), "-Xqt", "-h", str(server.directory), "-U", "admin"]
    with subprocess.Popen(
        [*command, "litellm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdin
        assert session.stdout
        session.stdin.write("SELECT pg_advisory_lock(7336502118);\n\\echo locked\n")
        session.stdin.flush()
        assert any("locked" in line for line in session.stdout)
        yield


def test_the_password_is_never_told(archiver: Archiver, tmp_path: Path) -> None:
    wrong = credentials(tmp_path, "not-the-password")
    done = archiver.run(PROGRAM, DATABASE_CREDENTIALS=wrong)
    assert done.returncode != 0
    assert "not-the-password" not in done.stderr


@pytest.mark.parametrize("folder", TABLES)
def test_the_declared_columns_are_those_of_the_database(server: PostgreSQL, folder: str) -> None:
    kinds = {
        "text": "string",
        "double precision": "double",
        "integer": "bigint",
        "timestamp without time zone": "timestamp",
        "jsonb": "json",
    }
    lines = server.psql(
        "SELECT column_name, data_type FROM information_schema.columns "
        f"WHERE table_name = '{TABLES[folder]}'"
    ).splitlines()
    found = {line.split("|")[0]: kinds[line.split("|")[1]] for line in lines}
    assert SPEND_COLUMNS[folder] == found
