"""RDS instances as PostgreSQL servers of this machine.

Each has an address of its own, TLS by the sandbox's authority, passwords by SCRAM over TCP, and the
roles that RDS has: no superuser for anyone but ``rdsadmin``, which only the local socket admits.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox import certificates
from sandbox.backing_services import roles
from sandbox.backing_services.backups import AutomatedBackups, base_backup
from sandbox.backing_services.parameters import server_settings
from sandbox.backing_services.postgresql_programs import (
    ADMINISTRATOR,
    SERVICE_USER,
    DatabaseError,
    copy_data,
    make_directory,
    programs,
    run,
    write_settings,
)
from sandbox.backing_services.records import Record, release_index, take_index
from sandbox.paths import Instance
from sandbox.supervisor_client import ServiceSpec, SupervisorClient, create_state_directory

# sockaddr_un.sun_path of Linux (unix(7)), with its closing zero.
_SOCKET_PATH_LIMIT = 108
_READY_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Database:
    """What a database instance is, apart from its data and passwords."""

    identifier: str
    master_user: str
    database: str | None = None
    port: int = 5432
    parameters: Mapping[str, str] = field(default_factory=dict)


class Databases:
    """The database instances of one sandbox."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._supervisor = SupervisorClient(instance)
        self._records = Record(instance.state / "databases.json")
        self._indexes = Record(instance.state / "database-addresses.json")

    def all(self) -> list[Database]:
        """Return every instance that exists, in the order of their names."""
        return [Database(**record) for _, record in sorted(self._records.read().items())]

    def get(self, identifier: str) -> Database:
        """Return an instance; DatabaseError if there is none of that name."""
        try:
            return Database(**self._records.read()[identifier])
        except KeyError:
            raise DatabaseError(f"there is no local database server {identifier!r}") from None

    def address(self, identifier: str) -> str:
        return self._instance.database_address(take_index(self._indexes, identifier))

    def dsn(self, identifier: str) -> str:
        """Return a connection string without a password, through the local socket."""
        database = self.get(identifier)
        return (
            f"postgresql:///{database.database or 'postgres'}?host={self._socket(identifier)}"
            f"&port={database.port}&user={ADMINISTRATOR}"
        )

    def create(self, database: Database, password: str) -> str:
        """Make an empty server in the place of any earlier one and return its address."""
        self.delete(database.identifier)
        self._make_directories(database.identifier)
        run(
            "initdb",
            *("--pgdata", str(self._data(database.identifier)), "--username", ADMINISTRATOR),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--auth-local", "trust", "--auth-host", "scram-sha-256", "--no-sync"),
        )
        self._serve(database)
        self._execute(database, roles.for_new_server(database.master_user, password))
        if database.database:
            self._execute(database, roles.new_database(database.database, database.master_user))
        self._begin_backups(database)
        return self.address(database.identifier)

    def restore(self, database: Database, snapshot: str, password: str) -> str:
        """Make a server out of a snapshot, with a new master password; return its address."""
        source = self._snapshot(snapshot)
        if not source.is_dir():
            raise DatabaseError(
                f"there is no local data for the snapshot {snapshot!r}; only snapshots that this "
                "sandbox took of a running database can be restored"
            )
        database = _with_origin(database, Record(source / "database.json").read())
        self.delete(database.identifier)
        self._make_directories(database.identifier)
        copy_data(source / "data", self._data(database.identifier))
        return self._serve_restored(database, password)

    def restore_to(self, database: Database, source: str, moment: str | None, password: str) -> str:
        """Make a server out of an instance's automated backups, as it was at a moment.

        ``source`` names the backups; ``moment`` is a time with its zone, None for the latest. The
        server gets a new master password. Returns its address; DatabaseError where the backups do
        not have the moment.
        """
        backups = self.backups(source)
        database = _with_origin(database, backups.record())
        if source in self._records.read():
            self.archive(source)
        self.delete(database.identifier)
        self._make_directories(database.identifier)
        identifier = database.identifier
        backups.recover(self._data(identifier), self._socket(identifier), moment)
        return self._serve_restored(database, password)

    def backups(self, name: str) -> AutomatedBackups:
        """Return the automated backups of an instance, or copies of another sandbox's."""
        return AutomatedBackups(self._instance.state / "automated-backups" / name)

    def archive(self, identifier: str) -> None:
        """Have the automated backups hold all that a running server has committed."""
        self.backups(identifier).archive(self._socket(identifier), self.get(identifier).port)

    def change_password(self, identifier: str, password: str) -> None:
        database = self.get(identifier)
        self._execute(database, roles.new_password(database.master_user, password))

    def change_port(self, identifier: str, port: int) -> None:
        """Restart the server on another port."""
        self._serve(Database(**{**asdict(self.get(identifier)), "port": port}))

    def change_parameters(self, identifier: str, parameters: Mapping[str, str]) -> None:
        """Reload the parameters; those that need a restart wait for one, as on RDS."""
        database = Database(**{**asdict(self.get(identifier)), "parameters": dict(parameters)})
        self._write_configuration(database)
        self._execute(database, "SELECT pg_reload_conf();")

    def snapshot(self, identifier: str, snapshot: str) -> None:
        """Copy the running server's data; a snapshot of that name is replaced."""
        database = self.get(identifier)
        target = self._snapshot(snapshot)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        make_directory(target)
        base_backup(self._socket(identifier), database.port, target / "data")
        with Record(target / "database.json").changed() as saved:
            saved.update(asdict(database))

    def delete(self, identifier: str) -> None:
        """Stop the server and remove its data; one that does not exist is gone already."""
        if self._supervisor.running():
            self._supervisor.stop(_service(identifier))
        if identifier in self._indexes.read():
            shutil.rmtree(self._socket(identifier), ignore_errors=True)
        shutil.rmtree(self._directory(identifier), ignore_errors=True)
        release_index(self._indexes, identifier)
        self.backups(identifier).discard()
        with self._records.changed() as records:
            records.pop(identifier, None)

    def _serve_restored(self, database: Database, password: str) -> str:
        self._serve(database)
        self.change_password(database.identifier, password)
        self._begin_backups(database)
        return self.address(database.identifier)

    def _begin_backups(self, database: Database) -> None:
        socket = self._socket(database.identifier)
        self.backups(database.identifier).begin(asdict(database), socket, database.port)

    def _serve(self, database: Database) -> None:
        self._write_configuration(database)
        self._supervisor.start(self._specification(database))
        self._wait(database)

    def _specification(self, database: Database) -> ServiceSpec:
        directory = self._directory(database.identifier)
        return ServiceSpec(
            name=_service(database.identifier),
            command=(
                *(str(programs() / "postgres"), "-D", str(self._data(database.identifier))),
                *("-c", f"config_file={directory / 'postgresql.conf'}"),
            ),
            user=SERVICE_USER,
            ready_address=(self.address(database.identifier), database.port),
            # A fast shutdown: clients are disconnected, nothing is lost.
            stop_signal=2,
        )

    def _write_configuration(self, database: Database) -> None:
        directory, identifier = self._directory(database.identifier), database.identifier
        address, socket = self.address(identifier), self._socket(identifier)
        certificate = certificates.issue(
            self._instance, f"rds-{identifier}", [address], user=SERVICE_USER
        )
        settings = {
            **server_settings(database.parameters),
            "listen_addresses": address,
            "port": str(database.port),
            "unix_socket_directories": str(socket),
            "unix_socket_permissions": "0700",
            "hba_file": str(directory / "pg_hba.conf"),
            "ssl": "on",
            "ssl_cert_file": str(certificate.certificate),
            "ssl_key_file": str(certificate.key),
            "password_encryption": "scram-sha-256",
            "log_line_prefix": "%m [%p] %q%u@%d ",
            **self.backups(identifier).server_settings,
        }
        write_settings(directory / "postgresql.conf", settings)
        kind = "host" if database.parameters.get("rds.force_ssl") == "0" else "hostssl"
        (directory / "pg_hba.conf").write_text(
            "local all all trust\n"
            "local replication all trust\n"
            f"host all {ADMINISTRATOR} all reject\n"
            f"{kind} all all all scram-sha-256\n"
        )
        with self._records.changed() as records:
            records[identifier] = asdict(database) | {"parameters": dict(database.parameters)}

    def _make_directories(self, identifier: str) -> None:
        create_state_directory(self._instance)
        socket = self._socket(identifier)
        length = len(f"{socket}/.s.PGSQL.65535") + 1
        if length > _SOCKET_PATH_LIMIT:
            raise DatabaseError(
                f"the path {socket} is too long for a socket by {length - _SOCKET_PATH_LIMIT} "
                "characters; set SANDBOX_STATE to a shorter one"
            )
        for parent in (self._directory(identifier).parent, socket.parent):
            parent.mkdir(exist_ok=True)
        for path in (self._directory(identifier), socket, self._data(identifier)):
            make_directory(path)
        self.backups(identifier).prepare()

    def _wait(self, database: Database) -> None:
        """Wait until the server takes queries: the address answers before recovery has ended."""
        socket, deadline = self._socket(database.identifier), time.monotonic() + _READY_SECONDS
        command = [str(programs() / "pg_isready"), "--host", str(socket)]
        command += ["--port", str(database.port), "--quiet"]
        while subprocess.run(command, check=False).returncode:
            if time.monotonic() > deadline:
                raise DatabaseError(f"{database.identifier} takes no queries; see its log")
            time.sleep(0.05)

    def _execute(self, database: Database, statements: str) -> None:
        """Run SQL as the administrator; by standard input, where nobody else can read it."""
        run(
            "psql",
            *("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--output", os.devnull),
            *("--host", str(self._socket(database.identifier)), "--port", str(database.port)),
            *("--username", ADMINISTRATOR, "--dbname", "postgres"),
            words=statements,
        )

    def _directory(self, identifier: str) -> Path:
        return self._instance.state / "databases" / identifier

    def _data(self, identifier: str) -> Path:
        return self._directory(identifier) / "data"

    def _socket(self, identifier: str) -> Path:
        # By number, because a socket's path is limited and an identifier may be 63 letters long.
        return self._instance.state / "sockets" / str(take_index(self._indexes, identifier))

    def _snapshot(self, snapshot: str) -> Path:
        return self._instance.state / "snapshots" / snapshot


def _with_origin(database: Database, saved: Mapping[str, Any]) -> Database:
    """Return a restored instance: its user and database are those of what it comes from."""
    kept = {"master_user": saved["master_user"], "database": saved["database"]}
    return Database(**{**asdict(database), **kept})


def _service(identifier: str) -> str:
    return f"rds-{identifier}"
