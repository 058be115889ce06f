"""A sandbox as its users see it: the command, the gateway's API, SQL, the cluster, AWS."""

import base64
import contextlib
import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx

from sandbox import toolchain
from sandbox.kube_api import KubeApi
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.status import collect

T = TypeVar("T")
NAMESPACE = "/api/v1/namespaces/litellm"
DEPLOYMENT = "/apis/apps/v1/namespaces/litellm/deployments/gateway"


def eventually(read: Callable[[], T], seconds: float = 60, wanted: str = "a value") -> T:
    """Return what ``read`` gives as soon as it is true; fail with the last answer after a while."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = read()
        except (httpx.HTTPError, AssertionError, LookupError, ValueError) as error:
            last = error
        else:
            if last:
                return last  # type: ignore[return-value]
        time.sleep(0.25)
    raise AssertionError(f"no {wanted} within {seconds:.0f} s; last: {last!r}")


@dataclass(frozen=True)
class RunningSandbox:
    """One sandbox under test."""

    instance: Instance

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the ``sandbox`` command and return what it printed."""
        done = subprocess.run(
            self.command_line(*arguments),
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"sandbox {' '.join(arguments)} failed:\n{done.stderr[-6000:]}")
        return done

    def command_line(self, *arguments: str) -> list[str]:
        identity = ["--name", self.instance.name, "--slot", str(self.instance.slot)]
        return [sys.executable, "-m", "sandbox.cli", *identity, *arguments]

    def ops_line(self, command: str, *arguments: str) -> list[str]:
        """Return the command line of ``ops COMMAND`` on this sandbox."""
        where = ["--sandbox", self.instance.name, "--slot", str(self.instance.slot)]
        line = [sys.executable, "-m", "ops.cli", command, *arguments]
        return [*line, "--stack", "sandbox", *where]

    def json(self, *arguments: str) -> dict[str, Any]:
        return json.loads(self.command(*arguments, "--json").stdout)

    @property
    def status(self) -> dict[str, Any]:
        """What `sandbox status --json` prints, as of now."""
        return collect(self.instance)

    @property
    def url(self) -> str:
        return self.status["gateway_url"]

    @property
    def bucket(self) -> str:
        return self.status["outputs"]["logBucket"]

    @cached_property
    def kubernetes(self) -> KubeApi:
        return KubeApi(self.instance)

    def aws(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.instance.aws_endpoint,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def admin(self) -> httpx.Client:
        """Return a client of the gateway with the admin key of this moment."""
        key = self.command("master-key").stdout.strip()
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        )

    def complete(self, key: str, model: str = "claude-haiku-4-5", **more: Any) -> httpx.Response:
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            headers={"Authorization": f"Bearer {key}"},
            json={"model": model, "messages": [{"role": "user", "content": "hello"}], **more},
            timeout=60,
        )

    def sql(self, statement: str) -> list[list[str]]:
        """Run a statement as the database's administrator; rows of text."""
        psql = toolchain.ensure(["postgres"])["postgres"] / "psql"
        done = subprocess.run(
            [str(psql), "--no-psqlrc", "-qAtF", "\t", "-c", statement, self.status["postgres_dsn"]],
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.split("\t") for line in done.stdout.splitlines()]

    def prometheus(self, query: str) -> list[dict[str, Any]]:
        answer = httpx.get(
            f"{self.instance.prometheus_url}/api/v1/query", params={"query": query}, timeout=10
        )
        answer.raise_for_status()
        return answer.json()["data"]["result"]

    def pods(self, component: str = "proxy") -> list[dict[str, Any]]:
        """Return the gateway's pods that are not on their way out."""
        pods = self.kubernetes.list(
            f"{NAMESPACE}/pods", labelSelector=f"app.kubernetes.io/component={component}"
        )
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def secret_values(self) -> dict[str, str]:
        """Return every value of every Secret of the gateway's namespace, by where it stands."""
        return {
            f"{secret['metadata']['name']}.{key}": base64.b64decode(value).decode()
            for secret in self.kubernetes.list(f"{NAMESPACE}/secrets")
            if secret["type"] == "Opaque"
            for key, value in secret.get("data", {}).items()
            if key not in ("username",)
        }

    def proxy_processes(self) -> list[int]:
        """Return the process ids of LiteLLM's proxies of this sandbox."""
        addresses = [pod["status"].get("podIP") for pod in self.pods()]
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                arguments = (entry / "cmdline").read_bytes().decode().split("\0")
                if "--config" in arguments and any(address in arguments for address in addresses):
                    found.append(int(entry.name))
        return found


@dataclass
class Load:
    """A steady load of completions, every other one a stream; every answer that is cut off or not
    200 is kept."""

    answered: int = 0
    failures: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self, sandbox: RunningSandbox, key: str, interval: float) -> None:
        with httpx.Client(base_url=sandbox.url, timeout=60) as client:
            for stream in itertools.cycle((False, True)):
                if self._stop.is_set():
                    return
                try:
                    answer = client.post(
                        "/v1/chat/completions",
                        headers={"Authorization": f"Bearer {key}"},
                        json={
                            "model": "claude-haiku-4-5",
                            "messages": [{"role": "user", "content": "hello"}],
                            "stream": stream,
                        },
                    )
                    is_whole = not stream or answer.text.rstrip().endswith("data: [DONE]")
                    if answer.status_code == httpx.codes.OK and is_whole:
                        self.answered += 1
                    else:
                        self.failures.append(f"{answer.status_code} {answer.text[:200]}")
                except httpx.HTTPError as error:
                    self.failures.append(f"{type(error).__name__} {error}")
                self._stop.wait(interval)


@contextlib.contextmanager
def steady_load(
    sandbox: RunningSandbox, key: str, clients: int = 2, interval: float = 0.25
) -> Iterator[Load]:
    """Send completions from several clients until the block ends."""
    load = Load()
    threads = [
        threading.Thread(target=load.run, args=(sandbox, key, interval)) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load._stop.set()
        for thread in threads:
            thread.join()


def environment_of(pid: int) -> dict[str, str]:
    """Return a process's environment."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    return dict(pair.partition("=")[::2] for pair in pairs if "=" in pair)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
