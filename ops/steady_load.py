"""A steady load of requests with a virtual key of its own, which tells whether callers notice."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from infra.settings import Settings
from ops.deployments.deployment import DeploymentError

_CLIENTS = 2
_REQUESTS_PER_MINUTE = 1000
_FASTEST_SECONDS = 0.25
# A run that is killed leaves a key that ends by itself.
_LIFETIME = "1d"
_SECONDS = 60


@dataclass
class Load:
    """Requests that were sent, and what was wrong with those that failed."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def failed(self) -> int:
        return self.failures.total()

    def as_document(self) -> dict[str, object]:
        """Return the figures for ``--json``."""
        return {
            "requests": self.requests,
            "failed_requests": self.failed,
            "failures": dict(self.failures),
        }

    def lines(self) -> list[str]:
        """Return the figures for people."""
        if not self.requests:
            return ["no requests were sent meanwhile"]
        told = f"{self.requests} requests meanwhile, {self.failed} failed"
        return [told, *(f"  {n} of them: {what}" for what, n in self.failures.most_common())]

    def count(self, failure: str | None) -> None:
        """Count one request; ``failure`` says what was wrong with it."""
        with self._lock:
            self.requests += 1
            if failure:
                self.failures[failure] += 1


@dataclass(frozen=True, kw_only=True)
class VirtualKey:
    """A key of the gateway that exists while it is probed; never to be printed."""

    alias: str
    key: str


def make_key(url: str, admin_keys: Sequence[str], alias: str, settings: Settings) -> VirtualKey:
    """Make a virtual key that lives a day at most; raise DeploymentError if it is refused.

    While pods roll, each takes one of ``admin_keys``, so all are tried for a while.
    """
    answer = _post(
        url,
        "/key/generate",
        admin_keys,
        {
            "key_alias": alias,
            "duration": _LIFETIME,
            "rpm_limit": requests_per_minute(settings),
        },
    )
    if answer.status_code != httpx.codes.OK:
        raise DeploymentError(
            f"{url} refused a virtual key for the load with status {answer.status_code}; "
            "see its logs, or go on with --no-load"
        )
    return VirtualKey(alias=alias, key=answer.json()["key"])


def delete_key(url: str, admin_keys: Sequence[str], alias: str) -> bool:
    """Delete a virtual key by its alias; False if the gateway does not know it or refuses."""
    answer = _post(url, "/key/delete", admin_keys, {"key_aliases": [alias]})
    return answer.status_code == httpx.codes.OK


def _post(url: str, path: str, keys: Sequence[str], body: Mapping[str, object]) -> httpx.Response:
    deadline = time.monotonic() + _SECONDS
    for key in itertools.cycle(keys):
        try:
            answer = httpx.post(f"{url}{path}", headers=bearer(key), json=body, timeout=_SECONDS)
        except httpx.HTTPError as error:
            raise DeploymentError(
                f"{url} does not answer: {error or type(error).__name__}"
            ) from None
        refused = answer.status_code == httpx.codes.UNAUTHORIZED
        if not refused or len(keys) == 1 or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)
    raise DeploymentError("there is no admin key to ask with")


def bearer(key: str) -> dict[str, str]:
    """Return the header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def requests_per_minute(settings: Settings) -> int:
    """Return how often the load may ask, within what the stack allows a key."""
    allowed = settings.limits.key_maximum.requests_per_minute
    return min(_REQUESTS_PER_MINUTE, allowed or _REQUESTS_PER_MINUTE)


def mocked_model(settings: Settings) -> str | None:
    """Return a model whose answers cost nothing and come at once; None where all are real."""
    for model in settings.models:
        if all(one.mock_response and not one.mock_delay_seconds for one in model.deployments):
            return model.name
    return None


@contextmanager
def steady_load(url: str, key: VirtualKey, model: str | None, settings: Settings) -> Iterator[Load]:
    """Ask without a pause until the block ends: completions of a model, else the list of models.

    Every other completion is a stream, which has to end as one. A request that fails is not
    repeated.
    """
    load, stop = Load(), threading.Event()
    # A sixth below what the key may.
    interval = max(_FASTEST_SECONDS, _CLIENTS * 70 / requests_per_minute(settings))
    threads = [
        threading.Thread(target=_ask, args=(load, stop, url, key, model, interval), daemon=True)
        for _ in range(_CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _ask(
    load: Load,
    stop: threading.Event,
    url: str,
    key: VirtualKey,
    model: str | None,
    interval: float,
) -> None:
    with httpx.Client(base_url=url, headers=bearer(key.key), timeout=_SECONDS) as client:
        for stream in itertools.cycle((False, True)):
            if stop.is_set():
                return
            try:
                load.count(_failure(complete(client, model, stream=stream), stream=stream))
            except httpx.HTTPError as error:
                load.count(type(error).__name__)
            stop.wait(interval)


def complete(client: httpx.Client, model: str | None, *, stream: bool = False) -> httpx.Response:
    """Ask for a completion of a few tokens, or without a model for the list of models."""
    if model is None:
        return client.get("/v1/models")
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 5,
        "stream": stream,
    }
    return client.post("/v1/chat/completions", json=body)


def _failure(answer: httpx.Response, *, stream: bool) -> str | None:
    if answer.status_code != httpx.codes.OK:
        return f"status {answer.status_code}"
    events = "text/event-stream" in answer.headers.get("content-type", "")
    if stream and events and not answer.text.rstrip().endswith("data: [DONE]"):
        return "a stream without its end"
    return None
