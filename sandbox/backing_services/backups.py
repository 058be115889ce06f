"""Automated backups of a database instance: a base backup, and every change since.

The server archives its write-ahead log as it fills; a restore replays it up to a moment. RDS sends
its log every five minutes; here what is not archived yet is archived when a restore asks for it.
"""

import re
import shlex
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sandbox.backing_services.postgresql_programs import (
    ADMINISTRATOR,
    DatabaseError,
    copy_data,
    give_away,
    make_directory,
    run,
    write_settings,
)
from sandbox.backing_services.records import Record

_ARCHIVED_SECONDS = 30
_RECOVERED_SECONDS = 300
# Not what the server says to those who ask whether it is ready.
_REFUSAL = re.compile(r"FATAL:  (?!the database system|role )(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class AutomatedBackups:
    """The backups of one instance, below one directory.

    They outlive the server, and a copy of the directory elsewhere is as good as the original.
    """

    directory: Path

    @property
    def server_settings(self) -> dict[str, str]:
        """What has a server archive here."""
        log = shlex.quote(str(self._log))
        # Renamed when it is whole: a copy that a kill has cut off is none.
        command = f"cp %p {log}/%f.partial && mv {log}/%f.partial {log}/%f"
        return {"archive_mode": "on", "archive_command": command}

    def prepare(self) -> None:
        """Make the place that a new server archives to, in the place of any earlier one."""
        self.discard()
        self.directory.parent.mkdir(exist_ok=True)
        make_directory(self.directory)
        make_directory(self._log)

    def discard(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def begin(self, record: Mapping[str, object], socket: Path, port: int) -> None:
        """Take the base backup of a running server; it can be restored to any later moment."""
        base_backup(socket, port, self._base)
        with Record(self.directory / "database.json").changed() as saved:
            saved.update(record, restorable_from=datetime.now(UTC).isoformat())

    def record(self) -> dict[str, object]:
        """Return what the instance was; DatabaseError where there are no backups."""
        saved = Record(self.directory / "database.json").read()
        if not saved:
            raise DatabaseError(
                f"there are no automated backups {self.directory.name!r} in this sandbox; an "
                "instance has some from its creation to its deletion"
            )
        return saved

    def archive(self, socket: Path, port: int) -> None:
        """Archive all that a running server has committed; DatabaseError after half a minute."""
        # A transaction that comes after all others, so that a restore sees where the moment ends.
        statement = (
            "BEGIN; SELECT pg_current_xact_id(); COMMIT; "
            "SELECT 'segment ' || pg_walfile_name(pg_switch_wal());"
        )
        said = run(
            *("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement),
            *("--host", str(socket), "--port", str(port)),
            *("--username", ADMINISTRATOR, "--dbname", "postgres"),
        )
        segment = said.rpartition("segment ")[2].strip()
        deadline = time.monotonic() + _ARCHIVED_SECONDS
        while not (self._log / segment).exists():
            if time.monotonic() > deadline:
                raise DatabaseError(f"{self.directory.name} does not archive; see its log")
            time.sleep(0.05)

    def recover(self, data: Path, socket: Path, moment: str | None) -> None:
        """Make a data directory that has every transaction up to a moment, None for the latest.

        Raises DatabaseError where the moment is before the base backup, or after the last
        transaction that was archived.
        """
        since = str(self.record()["restorable_from"])
        wanted = datetime.fromisoformat(moment) if moment else None
        if wanted and wanted < datetime.fromisoformat(since):
            raise DatabaseError(
                f"{self.directory.name} can be restored from {since} on, not to {moment}"
            )
        copy_data(self._base, data)
        (data / "recovery.signal").touch(0o600)
        give_away(data / "recovery.signal")
        settings, report = data.parent / "recovery.conf", data.parent / "recovery"
        report.unlink(missing_ok=True)
        write_settings(
            settings,
            {
                "restore_command": f"cp {shlex.quote(str(self._log))}/%f %p",
                "recovery_target_action": "promote",
                # With an offset: `Z` is an abbreviation, and none is known yet when this is read.
                **({"recovery_target_time": wanted.isoformat()} if wanted else {}),
                # Answers when it has recovered, and to its socket alone.
                "hot_standby": "off",
                "listen_addresses": "",
                "unix_socket_directories": str(socket),
                "hba_file": str(data / "pg_hba.conf"),
            },
        )
        options = f"-c config_file={shlex.quote(str(settings))}"
        server = ("--pgdata", str(data), "--wait")
        try:
            run("pg_ctl", "start", *server, "--log", str(report), "--options", options)
            _wait_for_recovery(data, socket)
        except DatabaseError:
            words = _REFUSAL.findall(report.read_text() if report.exists() else "")
            raise DatabaseError(
                f"{self.directory.name} cannot be restored to {moment or 'its latest state'}: "
                f"{words[-1] if words else 'it does not recover'}"
            ) from None
        finally:
            if (data / "postmaster.pid").exists():
                run("pg_ctl", "stop", *server, "--mode", "fast")

    @property
    def _base(self) -> Path:
        return self.directory / "base"

    @property
    def _log(self) -> Path:
        return self.directory / "log"


def _wait_for_recovery(data: Path, socket: Path) -> None:
    """Wait until a server is done with its recovery; `pg_ctl` returns when it begins."""
    deadline = time.monotonic() + _RECOVERED_SECONDS
    while (data / "postmaster.pid").exists() and time.monotonic() < deadline:
        try:
            run("pg_isready", "--host", str(socket), "--quiet")
        except DatabaseError:
            time.sleep(0.05)
        else:
            return
    raise DatabaseError("the recovery did not end")


def base_backup(socket: Path, port: int, target: Path) -> None:
    """Copy a running server's data, so that the copy is one that can be started."""
    run(
        "pg_basebackup",
        *("--host", str(socket), "--port", str(port), "--username", ADMINISTRATOR),
        *("--pgdata", str(target), "--checkpoint", "fast", "--no-sync"),
    )
