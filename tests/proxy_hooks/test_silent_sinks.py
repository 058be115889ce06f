"""A real proxy whose sinks, the bucket included, take connections and never answer."""

import json
from collections.abc import Iterator

import pytest
from litellm_process import wait_until
from logged_gateway import (
    ANSWER,
    CLAUDE,
    PERSONAL,
    PROMPT,
    SYSTEM,
    LoggedGateway,
    logged_gateway,
)
from model_server import ModelServer
from postgresql_server import PostgreSQL

CHANGES = {
    "requestLogging.langfuse": {"host": "{sinks}"},
    "requestLogging.langsmith": {"project": "tests", "host": "{sinks}"},
    "requestLogging.openTelemetry": {"endpoint": "{sinks}", "headers": True},
}
# More than any sink's queue is flushed at, so that each of them waits for an answer.
REQUESTS = 30


@pytest.fixture(scope="module")
def gateway(
    database: PostgreSQL, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoggedGateway]:
    folder = tmp_path_factory.mktemp("silent-sinks-")
    with logged_gateway(folder, database, model, CHANGES, silent=True) as gateway:
        assert gateway.chat("silent-first").status_code == 200
        assert gateway.sinks.asked.wait(60), "no sink has been written to"
        yield gateway


def test_requests_are_answered_while_no_sink_is(gateway: LoggedGateway) -> None:
    answers = [gateway.chat(f"silent-{number}") for number in range(REQUESTS)]
    assert {answer.status_code for answer in answers} == {200}


def test_streams_and_messages_are_answered_while_no_sink_is(gateway: LoggedGateway) -> None:
    assert gateway.chat("silent-stream", stream=True).text.rstrip().endswith("[DONE]")
    assert gateway.call("/v1/messages", CLAUDE).status_code == 200


def test_errors_are_answered_while_no_sink_is(gateway: LoggedGateway) -> None:
    assert gateway.chat("silent-broken", model="broken").status_code == 400


def test_every_sink_was_asked(gateway: LoggedGateway) -> None:
    paths = {"/api/public/otel", "/api/v1/runs", "/v1/traces", f"/{gateway.bucket}"}

    def silent() -> bool:
        asked = [to for to, _ in gateway.sinks.received]
        return all(any(to.startswith(path) for to in asked) for path in paths)

    wait_until(silent, "a request to each sink", 60)


def test_spend_is_written_without_content_meanwhile(gateway: LoggedGateway) -> None:
    text = json.dumps(gateway.row("silent-first"), ensure_ascii=False)
    assert [mark for mark in (PROMPT, SYSTEM, ANSWER, *PERSONAL) if mark in text] == []
