"""A Redis with TLS and the gateway's user, as the stack's cache is, for tests."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from litellm_process import wait_until

from infra.cache import PORT, USER
from sandbox import toolchain
from sandbox.certificates import authority, issue
from sandbox.paths import Instance

PASSWORD = "secret-of-the-cache"


def _programs() -> Path:
    return toolchain.ensure(["redis-server"])["redis-server"].parent


@dataclass
class Redis:
    """A server that can go away and come back."""

    address: str
    directory: Path
    ca: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What the pods are told about it."""
        return {
            "REDIS_HOST": self.address,
            "REDIS_PORT": str(PORT),
            "REDIS_USERNAME": USER,
            "REDIS_PASSWORD": PASSWORD,
            "REDIS_SSL": "True",
            "REDIS_SSL_CA_CERTS": str(self.ca),
        }

    def ask(self, *command: str) -> list[str]:
        """Return the lines that the server answers with; empty while it does not."""
        asked = subprocess.run(
            [
                *(_programs() / "redis-cli", "-h", self.address, "-p", str(PORT), "--tls"),
                *("--cacert", str(self.ca), "--user", USER, "--no-auth-warning", *command),
            ],
            env={**os.environ, "REDISCLI_AUTH": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        return asked.stdout.splitlines() if asked.returncode == 0 else []

    def start(self) -> None:
        self._process = subprocess.Popen(
            [_programs() / "redis-server", self.directory / "redis.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: self.ask("PING") == ["PONG"], "Redis to answer")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let it take connections and answer nothing, for a while."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(address: str, directory: Path) -> Iterator[Redis]:
    """Start a server that listens with TLS alone and lets only the gateway's user in."""
    instance = Instance("redis-tests")
    certificate = issue(instance, "redis", [address])
    (directory / "redis.conf").write_text(
        f"""
bind {address}
port 0
tls-port {PORT}
tls-cert-file {certificate.certificate}
tls-key-file {certificate.key}
tls-ca-cert-file {authority(instance).certificate}
tls-auth-clients no
save ""
dir {directory}
user default off
user {USER} on >{PASSWORD} ~* &* +@all
"""
    )
    server = Redis(address, directory, authority(instance).certificate)
    try:
        server.start()
        yield server
    finally:
        server.stop()
