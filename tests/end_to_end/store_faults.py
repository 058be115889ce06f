"""Faults of database and cache, made by their administrators and undone."""

import contextlib
import socket
import subprocess
from collections.abc import Iterator

from doctor_page import Patient
from running_sandbox import RunningSandbox, eventually

from sandbox import toolchain

_CONNECTIONS = 8
_MIGRATION = "20990101000000_never_ended"


@contextlib.contextmanager
def connections_in_use(patient: Patient) -> Iterator[None]:
    sandbox = patient.sandbox
    psql = toolchain.ensure(["postgres"])["postgres"] / "psql"
    command = [str(psql), "--no-psqlrc", "-c", "SELECT pg_sleep(600)"]
    holding = [
        subprocess.Popen([*command, sandbox.status["postgres_dsn"]], stderr=subprocess.DEVNULL)
        for _ in range(_CONNECTIONS)
    ]
    counted = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'"
    try:
        eventually(lambda: int(sandbox.sql(counted)[0][0]) == _CONNECTIONS, wanted="connections")
        yield
    finally:
        sandbox.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = "
            "'SELECT pg_sleep(600)'"
        )
        for process in holding:
            process.wait()


@contextlib.contextmanager
def failed_migration(patient: Patient) -> Iterator[None]:
    sandbox = patient.sandbox
    sandbox.sql(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES "
        f"('never-ended', '0', '{_MIGRATION}', now())"
    )
    try:
        yield
    finally:
        sandbox.sql(f"DELETE FROM _prisma_migrations WHERE migration_name = '{_MIGRATION}'")


@contextlib.contextmanager
def spend_that_is_dropped(patient: Patient) -> Iterator[None]:
    """Rows of the doctor's requests do not get into the table of spend."""
    sandbox = patient.sandbox
    sandbox.sql(
        "CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN IF NEW.metadata::text LIKE ''%ops-doctor-%'' THEN RETURN NULL; END IF; "
        "RETURN NEW; END'"
    )
    sandbox.sql(
        'CREATE TRIGGER drop_row BEFORE INSERT ON "LiteLLM_SpendLogs" FOR EACH ROW '
        "EXECUTE FUNCTION drop_row()"
    )
    try:
        yield
    finally:
        sandbox.sql('DROP TRIGGER drop_row ON "LiteLLM_SpendLogs"')
        sandbox.sql("DROP FUNCTION drop_row")


@contextlib.contextmanager
def little_cache_memory(patient: Patient) -> Iterator[None]:
    sandbox = patient.sandbox
    _configure(sandbox, "maxmemory", "2mb")
    try:
        yield
    finally:
        _configure(sandbox, "maxmemory", "0")


def _configure(sandbox: RunningSandbox, name: str, value: str) -> None:
    (directory,) = (sandbox.instance.state / "caches").iterdir()
    password = (directory / "administrator").read_text()
    commands = [
        f"AUTH sandbox-administrator {password}",
        f"CONFIG SET {name} {value}",
        "QUIT",
    ]
    (path,) = (sandbox.instance.state / "sockets").glob("redis-*")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(path))
        connection.sendall("".join(f"{command}\r\n" for command in commands).encode())
        answers = connection.makefile().read().split()
    assert answers == ["+OK", "+OK", "+OK"]
