"""What every place of records has in common: it gets outcomes that it wants, prepared for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from proxy_hooks.content import ContentPolicy
from proxy_hooks.personal_data import masker
from proxy_hooks.settings import SinkSettings, load

Details = Mapping[str, Any]


def policy_of(sink: str) -> ContentPolicy:
    """Return how much content a place gets; one that is not named gets none."""
    settings = load()
    return ContentPolicy(
        content=settings.sinks.get(sink, SinkSettings()).content,
        error_texts=settings.error_texts,
        mask=masker(settings.masked, settings.patterns),
    )


class Sink:
    """Stands before one of LiteLLM's loggers, in the order of a class's bases.

    LiteLLM shares the details of a call among all loggers, so they are never changed: the logger
    gets a copy. If preparing it fails, LiteLLM counts a failure of this logger; nothing that was
    not prepared is passed on, and the request has been answered already.
    """

    name: str

    def __init__(self, **parameters: Any) -> None:
        self._policy = policy_of(self.name)
        self._outcomes = load().sinks.get(self.name, SinkSettings()).outcomes
        super().__init__(**parameters)

    def prepared(self, details: Details) -> dict[str, Any]:
        """Return the details of a call with as much content as this place gets."""
        payload = details.get("standard_logging_object")
        return {
            **details,
            "standard_logging_object": None if payload is None else self._policy.payload(payload),
        }

    async def async_log_success_event(
        self, kwargs: Details, response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        if "success" in self._outcomes:
            await super().async_log_success_event(  # type: ignore[misc]
                self.prepared(kwargs), response_obj, start_time, end_time
            )

    async def async_log_failure_event(
        self, kwargs: Details, response_obj: Any, start_time: datetime, end_time: datetime
    ) -> None:
        if "failure" in self._outcomes:
            await super().async_log_failure_event(  # type: ignore[misc]
                self.prepared(kwargs), response_obj, start_time, end_time
            )

    # LiteLLM calls these two for requests that are not asynchronous, of which a proxy has none.
    def log_success_event(self, *_: Any, **__: Any) -> None:
        return None

    def log_failure_event(self, *_: Any, **__: Any) -> None:
        return None
