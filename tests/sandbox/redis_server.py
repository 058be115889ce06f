"""A Redis with TLS, for tests."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from litellm_process import wait_until

from sandbox import toolchain
from sandbox.certificates import authority, issue
from sandbox.paths import Instance

PORT = 6379
PASSWORD = "secret-of-the-cache"


@dataclass(frozen=True)
class Redis:
    """A running server that lets in who has the password, by TLS only."""

    address: str
    ca: Path
    client: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the gateway's pods find their cache."""
        return {
            "REDIS_HOST": self.address,
            "REDIS_PORT": str(PORT),
            "REDIS_USERNAME": "default",
            "REDIS_PASSWORD": PASSWORD,
            "REDIS_SSL": "True",
            "REDIS_SSL_CA_CERTS": str(self.ca),
        }

    def command(self, *words: str) -> str:
        """Return what the server answers, or nothing where it does not yet."""
        client = [str(self.client), "-h", self.address, "-p", str(PORT)]
        client += ["--tls", "--cacert", str(self.ca), "--no-auth-warning"]
        ran = subprocess.run(
            [*client, *words],
            env={"REDISCLI_AUTH": PASSWORD},
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        return ran.stdout.strip()


@contextmanager
def running(address: str) -> Iterator[Redis]:
    """Start an empty server on an address of this machine, stop it at the end."""
    program = toolchain.ensure(["redis-server"])["redis-server"]
    directory = Path(tempfile.mkdtemp(prefix="gateway-redis-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(directory))
        certificate = issue(Instance("redis"), "redis", [address])
        ca = authority(Instance("redis")).certificate
    settings = {
        "bind": address,
        "port": "0",
        "tls-port": str(PORT),
        "tls-cert-file": certificate.certificate,
        "tls-key-file": certificate.key,
        "tls-ca-cert-file": ca,
        "tls-auth-clients": "no",
        "requirepass": PASSWORD,
        "save": '""',
        "dir": directory,
    }
    configuration = directory / "redis.conf"
    configuration.write_text("\n".join(f"{name} {value}" for name, value in settings.items()))
    process = subprocess.Popen([program, configuration], stdout=subprocess.DEVNULL)
    try:
        server = Redis(address, ca, program.with_name("redis-cli"))
        wait_until(lambda: server.command("PING") == "PONG", "Redis to answer")
        yield server
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(directory)
