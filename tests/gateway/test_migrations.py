"""The `prisma` command of the LiteLLM image, run as LiteLLM's own start-up runs it."""

import hashlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import postgresql_server
import pytest
from litellm_process import image_environment
from postgresql_server import PostgreSQL

from sandbox import litellm_image

SCHEMA = """
datasource client {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
model Thing {
  id    String @id
  count Int
  tags  String[]
  @@index([count])
}
"""
MIGRATIONS = {
    "20250101000000_table": (
        'CREATE TABLE "Thing" (id TEXT PRIMARY KEY, count INTEGER NOT NULL);\n'
        "INSERT INTO \"Thing\" VALUES ('a', 1);\n"
    ),
    "20250102000000_index": (
        '-- outside of a transaction\nCREATE INDEX CONCURRENTLY "c" ON "Thing"(count);'
    ),
    "20250103000000_column": 'ALTER TABLE "Thing" ADD COLUMN tags TEXT[];',
}
BROKEN = ("20250104000000_broken", 'ALTER TABLE "Thing" ADD x INT;\nALTER TABLE "None" ADD x INT;')
LEDGER = "SELECT migration_name, applied_steps_count FROM _prisma_migrations ORDER BY started_at"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    litellm_image.ensure(print)
    with postgresql_server.running("127.214.11") as started:
        yield started


@pytest.fixture
def database(server: PostgreSQL) -> PostgreSQL:
    server.recreate_database()
    return server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "schema.prisma").write_text(SCHEMA)
    for name, script in MIGRATIONS.items():
        add_migration(tmp_path, name, script)
    return tmp_path


def add_migration(project: Path, name: str, script: str) -> None:
    folder = project / "migrations" / name
    folder.mkdir(parents=True)
    (folder / "migration.sql").write_text(script)


def start(project: Path, url: str, *words: str) -> "subprocess.Popen[str]":
    environment = image_environment({"DATABASE_URL": url})
    programs = litellm_image.built_image().programs
    return subprocess.Popen(
        [str(programs / "bin" / "prisma"), *words],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def prisma(project: Path, url: str, *words: str) -> tuple[int, str, str]:
    process = start(project, url, *words)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_deploy_applies_every_migration_in_order(database: PostgreSQL, project: Path) -> None:
    status, output, errors = prisma(project, database.url(), "migrate", "deploy")
    assert (status, errors) == (0, "")
    assert "All migrations have been successfully applied." in output
    assert database.psql(LEDGER) == "\n".join(f"{name}|1" for name in MIGRATIONS)


def test_deploy_records_the_checksum_of_the_file(database: PostgreSQL, project: Path) -> None:
    prisma(project, database.url(), "migrate", "deploy")
    expected = hashlib.sha256(MIGRATIONS["20250103000000_column"].encode()).hexdigest()
    found = database.psql("SELECT checksum FROM _prisma_migrations WHERE migration_name ~ 'column'")
    assert found == expected


def test_a_second_deploy_has_nothing_to_do(database: PostgreSQL, project: Path) -> None:
    prisma(project, database.url(), "migrate", "deploy")
    assert (
        "No pending migrations to apply."
        in prisma(project, database.url("b"), "migrate", "deploy")[1]
    )


def test_what_one_login_user_creates_belongs_to_the_shared_role(
    database: PostgreSQL, project: Path
) -> None:
    prisma(project, database.url("a"), "migrate", "deploy")
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert database.psql(owners) == "litellm_owner"


def test_a_failing_migration_is_recorded_and_leaves_nothing(
    database: PostgreSQL, project: Path
) -> None:
    add_migration(project, *BROKEN)
    status, _, errors = prisma(project, database.url(), "migrate", "deploy")
    assert status == 1
    assert "Error: P3018" in errors
    assert f"Migration name: {BROKEN[0]}\n" in errors
    assert "Database error code: 42P01" in errors
    failed = "SELECT logs ~ 'does not exist', finished_at FROM _prisma_migrations WHERE logs <> ''"
    assert database.psql(failed) == "t|"
    columns = "SELECT count(*) FROM pg_attribute WHERE attname = 'x'"
    assert database.psql(columns) == "0"


def test_a_failed_migration_stops_the_next_deploy(database: PostgreSQL, project: Path) -> None:
    add_migration(project, *BROKEN)
    prisma(project, database.url(), "migrate", "deploy")
    status, _, errors = prisma(project, database.url(), "migrate", "deploy")
    assert (status, "Error: P3009" in errors) == (1, True)
    assert f"The `{BROKEN[0]}` migration started at " in errors


def test_the_start_time_of_a_failure_names_its_row(database: PostgreSQL, project: Path) -> None:
    add_migration(project, *BROKEN)
    prisma(project, database.url(), "migrate", "deploy")
    errors = prisma(project, database.url(), "migrate", "deploy")[2]
    started = errors.split("migration started at ")[1].split(" failed")[0]
    rows = "SELECT started_at = '{}'::timestamptz FROM _prisma_migrations WHERE logs <> ''"
    assert database.psql(rows.format(started)) == "t"


def test_a_rolled_back_and_mended_migration_is_applied(database: PostgreSQL, project: Path) -> None:
    add_migration(project, *BROKEN)
    prisma(project, database.url(), "migrate", "deploy")
    assert prisma(project, database.url(), "migrate", "resolve", "--rolled-back", BROKEN[0])[0] == 0
    (project / "migrations" / BROKEN[0] / "migration.sql").write_text("SELECT 1;")
    assert prisma(project, database.url(), "migrate", "deploy")[0] == 0


def test_a_migration_resolved_as_applied_is_not_run(database: PostgreSQL, project: Path) -> None:
    add_migration(project, *BROKEN)
    assert prisma(project, database.url(), "migrate", "resolve", "--applied", BROKEN[0])[0] == 0
    assert prisma(project, database.url(), "migrate", "deploy")[0] == 0
    applied = "SELECT applied_steps_count FROM _prisma_migrations WHERE migration_name ~ 'broken'"
    assert database.psql(applied) == "0"


def test_resolving_what_is_applied_is_refused(database: PostgreSQL, project: Path) -> None:
    prisma(project, database.url(), "migrate", "deploy")
    name = next(iter(MIGRATIONS))
    status, _, errors = prisma(project, database.url(), "migrate", "resolve", "--applied", name)
    assert (status, "is already recorded as applied in the database." in errors) == (1, True)


def test_tables_of_unknown_origin_are_not_migrated_over(
    database: PostgreSQL, project: Path
) -> None:
    database.psql("CREATE TABLE public.mine (x INT)")
    status, _, errors = prisma(project, database.url(), "migrate", "deploy")
    assert (status, "P3005" in errors, "database schema is not empty" in errors) == (1, True, True)


def test_two_deploys_at_once_apply_each_migration_once(database: PostgreSQL, project: Path) -> None:
    add_migration(project, "20250105000000_slow", "SELECT pg_sleep(0.5);")
    both = [start(project, database.url(user), "migrate", "deploy") for user in "ab"]
    outputs, errors = zip(*(process.communicate(timeout=60) for process in both), strict=True)
    assert errors == ("", "")
    assert [process.returncode for process in both] == [0, 0]
    assert sum("No pending migrations to apply." in output for output in outputs) == 1
    assert database.psql("SELECT count(*) FROM _prisma_migrations") == "4"


def test_status_tells_pending_from_up_to_date(database: PostgreSQL, project: Path) -> None:
    status, _, errors = prisma(project, database.url(), "migrate", "status")
    assert (status, next(iter(MIGRATIONS)) in errors) == (1, True)
    prisma(project, database.url(), "migrate", "deploy")
    assert prisma(project, database.url(), "migrate", "status")[0] == 0


DIFF = ("migrate", "diff", "--from-schema-datasource", "schema.prisma")
DIFF += ("--to-schema-datamodel", "schema.prisma", "--exit-code")


def test_diff_agrees_with_a_database_that_has_everything(
    database: PostgreSQL, project: Path
) -> None:
    prisma(project, database.url(), "migrate", "deploy")
    assert prisma(project, database.url(), *DIFF)[0] == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ('ALTER TABLE "Thing" DROP tags', "column Thing.tags is missing"),
        ('ALTER TABLE "Thing" ALTER count TYPE BIGINT', "Thing.count is int8 instead of int4"),
        ('ALTER TABLE "Thing" ALTER count DROP NOT NULL', "Thing.count is optional"),
        ("DROP INDEX c", "index on Thing(count) is missing"),
        ('DROP TABLE "Thing"', "table Thing is missing"),
    ],
)
def test_diff_names_what_is_different(
    database: PostgreSQL, project: Path, change: str, sentence: str
) -> None:
    prisma(project, database.url(), "migrate", "deploy")
    database.psql(change)
    status, _, errors = prisma(project, database.url(), *DIFF)
    assert (status, sentence in errors) == (2, True), errors


@pytest.mark.parametrize("words", [("db", "push"), ("migrate", "dev"), ("studio",)])
def test_other_commands_are_refused_by_name(
    database: PostgreSQL, project: Path, words: tuple[str, ...]
) -> None:
    status, _, errors = prisma(project, database.url(), *words)
    assert status == 1
    assert f"prisma {' '.join(words)} is not part of this stand-in" in errors


def test_another_authority_is_refused(database: PostgreSQL, project: Path) -> None:
    url = database.url(ca=database.other_ca)
    status, _, errors = prisma(project, url, "migrate", "status")
    assert (status, "Error: P1011" in errors) == (1, True)


def test_an_address_that_the_certificate_does_not_name_is_refused(
    database: PostgreSQL, project: Path
) -> None:
    url = database.url(host=database.unnamed_address)
    status, _, errors = prisma(project, url, "migrate", "status")
    assert (status, "does not match certificate's altnames" in errors) == (1, True)


def test_a_wrong_password_is_an_authentication_error_without_the_password(
    database: PostgreSQL, project: Path
) -> None:
    url = database.url().replace("secret-of-a", "hush")
    status, output, errors = prisma(project, url, "migrate", "status")
    assert (status, "Error: P1000" in errors) == (1, True)
    assert "hush" not in output + errors


def test_all_migrations_of_litellm_apply_within_seconds(database: PostgreSQL) -> None:
    site_packages = litellm_image.built_image().directory.glob("venv/lib/python*/site-packages")
    begin = time.monotonic()
    status, _, errors = prisma(
        next(site_packages) / "litellm_proxy_extras", database.url(), "migrate", "deploy"
    )
    assert (status, errors) == (0, "")
    assert time.monotonic() - begin < 15
