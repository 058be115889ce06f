"""OpenTelemetry: a span for each request, without content."""

import re
from collections.abc import Mapping
from typing import Any

from litellm.integrations.opentelemetry import OpenTelemetry
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.trace import Status

from proxy_hooks.sinks import Sink

# Parts of the names of attributes that hold texts.
_CONTENT = re.compile(
    r"^(request|response)\.|"
    r"(^|\.)(arguments|completion|content|functions|input|messages?|output|prompt|stop_sequences|"
    r"system_instructions|tools|definitions)(\.|$)"
)
_ERRORS = re.compile(r"(^|\.)(exception|error|stack_?trace|traceback)(\.|$)")
_CODES = re.compile(r"\.(code|status_code|type)$")


class WithoutTexts(SpanProcessor):
    """Takes texts out of every span before it is exported, whoever has put them in."""

    def __init__(self, exporting: SpanProcessor, *, error_texts: bool) -> None:
        self._exporting, self._error_texts = exporting, error_texts

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self._exporting.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        self._exporting.on_end(
            ReadableSpan(
                name=span.name,
                context=span.context,
                parent=span.parent,
                resource=span.resource,
                attributes=self._kept(span.attributes),
                events=[
                    Event(event.name, self._kept(event.attributes), event.timestamp)
                    for event in span.events
                ],
                links=span.links,
                kind=span.kind,
                # Without its description, which is the text of the error.
                status=span.status if self._error_texts else Status(span.status.status_code),
                start_time=span.start_time,
                end_time=span.end_time,
                instrumentation_scope=span.instrumentation_scope,
            )
        )

    def shutdown(self) -> None:
        self._exporting.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporting.force_flush(timeout_millis)

    def _kept(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        return {name: value for name, value in (attributes or {}).items() if self._may_stay(name)}

    def _may_stay(self, name: str) -> bool:
        if _CODES.search(name):
            return True
        if _ERRORS.search(name):
            return self._error_texts
        return not _CONTENT.search(name)


class OpenTelemetryLog(Sink, OpenTelemetry):
    """LiteLLM's OpenTelemetry logger; its exporter is in the environment (``OTEL_*``)."""

    name = "openTelemetry"

    def _get_span_processor(self, *given: Any, **named: Any) -> SpanProcessor:
        exporting = super()._get_span_processor(*given, **named)
        return WithoutTexts(exporting, error_texts=self._policy.error_texts)

    async def async_post_call_failure_hook(self, *given: Any, **named: Any) -> None:
        if "failure" in self._outcomes:
            await super().async_post_call_failure_hook(*given, **named)


sink = OpenTelemetryLog()
