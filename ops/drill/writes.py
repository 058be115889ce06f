"""A steady stream of requests, each of which the gateway writes down: what a loss cuts off."""

import threading
from types import TracebackType
from typing import Self

import httpx

from ops.gateway import Gateway

_INTERVAL_SECONDS = 0.25


class Writes:
    """Sends completions with one virtual key from the start of a block to its end.

    ``answered`` counts the answers that were right, ``failures`` keeps what went wrong before
    ``expect_failures``: after it the region is going.
    """

    def __init__(self, gateway: Gateway, key: str, model: str) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._gateway, self._key, self._model = gateway, key, model
        self._expecting, self._end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    def expect_failures(self) -> None:
        """Keep no failure from now on."""
        self._expecting.set()

    def go_on_for(self, seconds: float) -> None:
        """Return after a while in which the stream went on."""
        self._end.wait(seconds)

    def _run(self) -> None:
        while not self._end.wait(_INTERVAL_SECONDS):
            try:
                answer = self._gateway.complete(self._key, self._model)
                problem = "" if answer.status_code == httpx.codes.OK else answer.text[:200]
            except httpx.HTTPError as error:
                problem = str(error) or type(error).__name__
            if not problem:
                self.answered += 1
            elif not self._expecting.is_set():
                self.failures.append(problem)
