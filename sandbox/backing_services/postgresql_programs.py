"""PostgreSQL's own programs, run as the user that owns the servers."""

import functools
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from sandbox import toolchain
from sandbox.backing_services.records import BackingServiceError

# PostgreSQL refuses to run as root; Debian and its kin all have this user.
SERVICE_USER = "nobody"
ADMINISTRATOR = "rdsadmin"


class DatabaseError(BackingServiceError):
    """A PostgreSQL program failed; the message has its words."""


@functools.cache
def programs() -> Path:
    """Return the directory of PostgreSQL's programs."""
    return toolchain.ensure(["postgres"])["postgres"]


def run(program: str, *arguments: str, words: str | None = None) -> str:
    """Run a program to its end and return what it wrote; DatabaseError with its complaint."""
    done = subprocess.run(
        [*_as_service_user(), str(programs() / program), *arguments],
        input=words,
        stdin=subprocess.DEVNULL if words is None else None,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
    )
    if done.returncode:
        complaint = done.stderr.strip() or f"it ended with {done.returncode}"
        raise DatabaseError(f"{program} failed: {complaint}")
    return done.stdout


def make_directory(path: Path) -> None:
    """Make a directory that belongs to the servers' user alone."""
    path.mkdir(mode=0o700)
    give_away(path)


def give_away(path: Path) -> None:
    """Let a file or directory belong to the servers' user."""
    if os.geteuid() == 0:
        shutil.chown(path, SERVICE_USER)


def copy_data(source: Path, data: Path) -> None:
    """Put a copy of a server's data, owners and all, in the place of what is there."""
    shutil.rmtree(data, ignore_errors=True)
    subprocess.run(["cp", "--archive", str(source), str(data)], check=True)


def write_settings(path: Path, settings: dict[str, str]) -> None:
    """Write a file of settings as PostgreSQL reads it."""
    path.write_text("".join(f"{name} = {_quoted(value)}\n" for name, value in settings.items()))


def _as_service_user() -> tuple[str, ...]:
    """Return what runs a command as PostgreSQL's user.

    Not subprocess's own way: that forks, which gRPC's threads in the provider's process do not
    survive.
    """
    if os.geteuid() != 0:
        return ()
    user = pwd.getpwnam(SERVICE_USER)
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--")


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
