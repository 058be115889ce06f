"""A real LiteLLM proxy as a process of this machine, for tests."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sandbox import litellm_image
from sandbox.images import resolve

MASTER_KEY = "sk-test-master-key-0123456789abcdef"
CHAT = "/v1/chat/completions"

Answer = TypeVar("Answer")


def image_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that a container of the LiteLLM image has, and a little more."""
    image = resolve(f"ghcr.io/berriai/litellm:v{litellm_image.locked_version()}")
    path = os.pathsep.join((*image.path, os.environ.get("PATH", os.defpath)))
    own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"}
    return {"PATH": path, "HOME": os.environ["HOME"], **image.environment, **own, **extra}


def wait_until(condition: Callable[[], Answer | None], what: str, seconds: float = 30) -> Answer:
    """Return the first true answer of ``condition``, or fail with ``what`` was waited for."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return answer


def migrate(database_url: str) -> "subprocess.CompletedProcess[str]":
    """Give an empty database the tables of LiteLLM; return how that went."""
    python = str(litellm_image.built_image().python)
    return subprocess.run(
        [python, "-m", "litellm.proxy.prisma_migration"],
        env=image_environment({"DATABASE_URL": database_url}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class LiteLLM:
    """A proxy on port 4000 of an address, spoken to with the master key unless told otherwise.

    Without a database it knows that key alone.
    """

    def __init__(
        self,
        address: str,
        database_url: str | None,
        config: Path,
        extra: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.url = f"http://{address}:4000"
        self.log = config.with_suffix(".log")
        self._command = ["litellm", "--config", str(config), "--host", address, "--port", "4000"]
        self._command += arguments
        self._environment = image_environment(
            {
                **({"DATABASE_URL": database_url} if database_url else {}),
                "DISABLE_SCHEMA_UPDATE": "true",
                "LITELLM_MASTER_KEY": MASTER_KEY,
                "LITELLM_SALT_KEY": "sk-test-salt-key-0123456789abcdef",
                **(extra or {}),
            }
        )
        # After an error that nothing handled the proxy answers, logs for a while, then closes the
        # connection: a request sent on it meanwhile would be lost.
        each_its_own = httpx.Limits(max_keepalive_connections=0)
        self._client = httpx.Client(base_url=self.url, timeout=60, limits=each_its_own)
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start the proxy and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log
            )
        wait_until(self._ready, "the proxy to get ready", 300)

    def stop(self) -> None:
        """Stop the proxy as a kubelet would."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _ready(self) -> bool:
        tail = self.log.read_text(errors="replace")[-2000:]
        assert self.process.poll() is None, f"the proxy ended\n{tail}"
        try:
            return self._client.get("/health/readiness").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, key: str = MASTER_KEY, **parameters: Any) -> httpx.Response:
        return self._client.get(path, params=parameters, headers=_bearer(key))

    def post(
        self,
        path: str,
        body: Any,
        key: str = MASTER_KEY,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return self._client.post(path, json=body, headers={**_bearer(key), **(headers or {})})

    def create(self, path: str, body: Any) -> dict[str, Any]:
        """Post and return what was made; fails with the proxy's words if it was not."""
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def key_info(self, key: str) -> dict[str, Any]:
        """Return what the proxy knows of a key."""
        answer = self._client.get("/key/info", params={"key": key}, headers=_bearer(MASTER_KEY))
        assert answer.status_code == 200, answer.text
        info: dict[str, Any] = answer.json()["info"]
        return info

    def chat(self, key: str, model: str = "small", **more: Any) -> httpx.Response:
        messages = [{"role": "user", "content": 'a "quoted" line\nand 日本語'}]
        return self.post(CHAT, {"model": model, "messages": messages, **more}, key)

    def engines(self) -> list[int]:
        """Return the process ids of the query engines that this proxy runs."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        found = []
        for child in map(int, children.split()):
            try:
                command = Path(f"/proc/{child}/cmdline").read_bytes()
            except FileNotFoundError:
                continue
            if b"engine/server.js" in command:
                found.append(child)
        return found


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
