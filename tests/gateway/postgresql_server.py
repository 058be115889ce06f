"""A PostgreSQL with TLS and the roles of the gateway, for tests."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.certificates import authority, issue
from sandbox.paths import Instance

BINARIES = Path(
    os.environ.get("POSTGRESQL_BINARIES")
    or max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
)
PORT = 5432
ROLES = """
CREATE ROLE litellm_owner NOLOGIN;
CREATE ROLE litellm_a LOGIN PASSWORD 'secret-of-a' IN ROLE litellm_owner;
CREATE ROLE litellm_b LOGIN PASSWORD 'secret-of-b' IN ROLE litellm_owner;
ALTER ROLE litellm_a SET ROLE litellm_owner;
ALTER ROLE litellm_b SET ROLE litellm_owner;
"""


@dataclass(frozen=True)
class PostgreSQL:
    """A running server; the administrator comes in by the socket, the gateway by TLS only."""

    address: str
    directory: Path
    ca: Path
    other_ca: Path
    unnamed_address: str

    def url(self, user: str = "a", *, ca: Path | None = None, host: str | None = None) -> str:
        """Return the database URL of ``litellm_<user>`` with everything about TLS checked."""
        return (
            f"postgresql://litellm_{user}:secret-of-{user}@{host or self.address}:{PORT}/litellm"
            f"?sslmode=require&sslaccept=strict&sslcert={ca or self.ca}"
        )

    def psql(self, statement: str, database: str = "litellm") -> str:
        """Run a statement as the administrator and return its rows, columns split by ``|``."""
        command = [str(BINARIES / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1"]
        command += ["-h", str(self.directory), "-p", str(PORT), "-U", "admin", "-d", database]
        ran = subprocess.run(
            command, input=statement, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def recreate_database(self) -> None:
        self.psql("DROP DATABASE IF EXISTS litellm WITH (FORCE)", "postgres")
        self.psql("CREATE DATABASE litellm OWNER litellm_owner", "postgres")

    def stop(self) -> None:
        self._control("stop", "-m", "fast")

    def start(self) -> None:
        listen = f"{self.address},{self.unnamed_address}"
        settings = {
            "listen_addresses": listen,
            "unix_socket_directories": self.directory,
            "fsync": "off",
            "shared_buffers": "32MB",
            "ssl": "on",
            "ssl_cert_file": self.directory / "server.crt",
            "ssl_key_file": self.directory / "server.key",
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._control("start", "-l", str(self.directory / "log"), "-o", f"-p {PORT} {options}")

    def _control(self, action: str, *arguments: str) -> None:
        data = str(self.directory / "data")
        as_server_user([str(BINARIES / "pg_ctl"), "-w", "-D", data, action, *arguments])


@contextmanager
def running(network: str) -> Iterator[PostgreSQL]:
    """Start a server with an empty database ``litellm`` on ``<network>.1``, stop it at the end.

    It listens on ``<network>.2`` too, an address that its certificate does not name.
    """
    directory = Path(tempfile.mkdtemp(prefix="gateway-postgresql-"))
    directory.chmod(0o755)  # the server's user must reach its files
    try:
        server = _prepare(directory, network)
        server.start()
        try:
            server.psql(ROLES, "postgres")
            server.recreate_database()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory)


def _prepare(directory: Path, network: str) -> PostgreSQL:
    address = f"{network}.1"
    with _state(directory / "right"):
        certificate = issue(Instance("right"), "postgresql", [address])
        ca = authority(Instance("right")).certificate
    with _state(directory / "wrong"):
        other_ca = authority(Instance("wrong")).certificate
    shutil.copyfile(certificate.certificate, directory / "server.crt")
    shutil.copyfile(certificate.key, directory / "server.key")
    (directory / "server.key").chmod(0o600)
    if os.geteuid() == 0:
        for path in (directory, directory / "server.key"):
            shutil.chown(path, "nobody")
    initialise = [str(BINARIES / "initdb"), "-D", str(directory / "data"), "-U", "admin"]
    as_server_user([*initialise, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"])
    rules = "local all all trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n"
    (directory / "data" / "pg_hba.conf").write_text(rules)
    return PostgreSQL(address, directory, ca, other_ca, f"{network}.2")


@contextmanager
def _state(directory: Path) -> Iterator[None]:
    before = os.environ.get("SANDBOX_STATE")
    os.environ["SANDBOX_STATE"] = str(directory)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SANDBOX_STATE"]
        else:
            os.environ["SANDBOX_STATE"] = before


def as_server_user(command: Sequence[str]) -> None:
    """Run a command as a user that PostgreSQL accepts: it refuses root."""
    user = "nobody" if os.geteuid() == 0 else None
    ran = subprocess.run(
        command,
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
