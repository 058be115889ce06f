"""A Redis with TLS and the gateway's user, as the stack's cache is, for tests."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from litellm_process import wait_until

from infra.cache import PORT, USER
from sandbox import toolchain
from sandbox.certificates import authority, issue
from sandbox.paths import Instance

PASSWORD = "secret-of-the-cache"


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

    def client(self) -> "redis.Redis":
        return redis.Redis(
            host=self.address,
            port=PORT,
            username=USER,
            password=PASSWORD,
            ssl=True,
            ssl_ca_certs=str(self.ca),
        )

    def start(self) -> None:
        server = toolchain.ensure(["redis-server"])["redis-server"]
        self._process = subprocess.Popen(
            [server, self.directory / "redis.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, "Redis to answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.ConnectionError:
            return False


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
    server.start()
    try:
        yield server
    finally:
        server.stop()
