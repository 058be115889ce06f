"""A real proxy that writes content to the database and the bucket, and keeps it from Langfuse."""

import json
from collections.abc import Iterator

import pytest
from litellm_process import wait_until
from logged_gateway import (
    ANSWER,
    PERSONAL,
    PROMPT,
    SYSTEM,
    TOOL,
    TOOLS,
    LoggedGateway,
    logged_gateway,
)
from model_server import ModelServer
from postgresql_server import PostgreSQL

CHANGES = {
    "requestLogging.database": {"content": True},
    "requestLogging.s3": {"content": True},
    "requestLogging.langfuse": {"host": "{sinks}"},
    "requestLogging.langsmith": {"project": "tests", "host": "{sinks}"},
    "requestLogging.openTelemetry": {"endpoint": "{sinks}", "headers": True},
    "requestLogging.masking": {"phoneNumbers": False},
    "spendArchive.enabled": False,
}
CONTENT = (PROMPT, SYSTEM, ANSWER, TOOL)
EMAIL, PHONE, CARD = PERSONAL
MODELS = ["small", "broken"]


@pytest.fixture(scope="module")
def gateway(
    database: PostgreSQL, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoggedGateway]:
    """The proxy after a request that succeeds, one that fails, and a stream."""
    folder = tmp_path_factory.mktemp("content-by-place-")
    with logged_gateway(folder, database, model, CHANGES) as gateway:
        for name in MODELS:
            gateway.chat(f"content-{name}", model=name, tools=TOOLS)
        gateway.chat("content-stream", stream=True)
        yield gateway


@pytest.mark.parametrize("name", MODELS)
def test_a_spend_row_has_content_with_personal_data_masked(
    gateway: LoggedGateway, name: str
) -> None:
    text = json.dumps(gateway.row(f"content-{name}"), ensure_ascii=False)
    expected = {PROMPT, SYSTEM, TOOL, PHONE} | ({ANSWER} if name == "small" else set())
    assert {mark for mark in (*CONTENT, *PERSONAL) if mark in text} == expected


@pytest.mark.parametrize("name", MODELS)
def test_a_log_object_has_content_with_personal_data_masked(
    gateway: LoggedGateway, name: str
) -> None:
    text = json.dumps(gateway.object(f"content-{name}"), ensure_ascii=False)
    expected = {PROMPT, SYSTEM, TOOL, PHONE} | ({ANSWER} if name == "small" else set())
    assert {mark for mark in (*CONTENT, *PERSONAL) if mark in text} == expected


def test_a_streamed_answer_is_written_whole(gateway: LoggedGateway) -> None:
    answer = gateway.object("content-stream")["response"]["choices"][0]["message"]["content"]
    assert answer == f"{ANSWER} [email]"


def test_the_caller_gets_the_answer_as_it_was(gateway: LoggedGateway) -> None:
    answer = gateway.chat("content-again").json()
    assert answer["choices"][0]["message"]["content"] == f"{ANSWER} {EMAIL}"


@pytest.mark.parametrize("path", ["/api/public/otel", "/api/v1/runs", "/v1/traces"])
def test_no_other_place_gets_content(gateway: LoggedGateway, path: str) -> None:
    text = wait_until(
        lambda: (text := gateway.sinks.texts(path)) and "broken" in text and text,
        "the record of the failed request",
    )
    assert [mark for mark in (*CONTENT, *PERSONAL) if mark in text] == []
