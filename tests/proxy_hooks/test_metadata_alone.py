"""A real proxy that tells Langfuse what is asked and answered, and every other place metadata.

Requests are plain ones of OpenAI's and Anthropic's wire formats.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from litellm_process import CHAT, wait_until
from logged_gateway import (
    ANSWER,
    CLAUDE,
    MESSAGES,
    PERSONAL,
    PROMPT,
    SYSTEM,
    TOOL,
    TOOLS,
    LoggedGateway,
    logged_gateway,
    of_session,
)
from model_server import ModelServer
from postgresql_server import PostgreSQL

CLAUDE_CODE = "e96634a3-fa28-4083-b354-55542e2dca01"
IN_USER_ID = "0d1f2c3b-aaaa-4083-b354-55542e2dca02"
CHANGES = {
    "requestLogging.langfuse": {"host": "{sinks}", "content": True},
    "requestLogging.langsmith": {"project": "tests", "host": "{sinks}", "outcomes": ["success"]},
    "requestLogging.openTelemetry": {"endpoint": "{sinks}", "headers": True},
    "requestLogging.masking.patterns": {"tool": TOOL},
    "sessionMetadata.keys": ["ticket"],
}
LANGFUSE, LANGSMITH, COLLECTOR = "/api/public/otel", "/api/v1/runs", "/v1/traces"
CONTENT = (PROMPT, SYSTEM, ANSWER, TOOL, *PERSONAL)
SESSIONS = ["chat", "stream", "tools", "headers", "broken", CLAUDE_CODE, IN_USER_ID]


@pytest.fixture(scope="module")
def gateway(
    database: PostgreSQL, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LoggedGateway]:
    """The proxy after one request of each kind."""
    folder = tmp_path_factory.mktemp("metadata-alone-")
    with logged_gateway(folder, database, model, CHANGES) as gateway:
        traffic(gateway)
        yield gateway


def traffic(gateway: LoggedGateway) -> None:
    names = {"agent_name": "reviewer", "conversation_name": "Fix the build", "ticket": 4711}
    steering = {"generation_name": "my-generation", "trace_id": "my-trace", "trace_name": "my-name"}
    metadata = {**names, **steering, "unknown": "x", "nested": {"a": 1}}
    answers = [
        gateway.chat("chat", metadata=metadata, user="ada", stop=[TOOL], temperature=0.5),
        gateway.chat("stream", stream=True),
        gateway.chat("tools", tools=TOOLS),
        gateway.call(
            CHAT,
            {"model": "small", "messages": MESSAGES},
            **{"x-litellm-session-id": "headers", "x-workspace-id": "w-2", "x-agent-name": "cli"},
        ),
        gateway.call("/v1/messages", CLAUDE, **{"x-claude-code-session-id": CLAUDE_CODE}),
        gateway.call(
            "/v1/messages",
            {**CLAUDE, "metadata": {"user_id": f"user_1_account__session_{IN_USER_ID}"}},
        ),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    assert gateway.chat("broken", model="broken", tools=TOOLS).status_code == 400
    refused = gateway.chat("refused", turn_off_message_logging=False)
    assert refused.status_code == 401


def session_of(row: dict[str, Any]) -> dict[str, Any]:
    session: dict[str, Any] = row["metadata"]["spend_logs_metadata"]
    return session


@pytest.mark.parametrize("session", SESSIONS)
def test_a_spend_row_is_found_by_its_session(gateway: LoggedGateway, session: str) -> None:
    assert session_of(gateway.row(session))["session_id"] == session


@pytest.mark.parametrize("session", SESSIONS)
def test_a_log_object_is_found_by_its_session(gateway: LoggedGateway, session: str) -> None:
    found = gateway.object(session)
    assert found["metadata"]["spend_logs_metadata"]["session_id"] == session


def test_named_metadata_is_kept_as_texts_and_all_else_is_not(gateway: LoggedGateway) -> None:
    assert session_of(gateway.row("chat")) == {
        "session_id": "chat",
        "agent_name": "reviewer",
        "conversation_name": "Fix the build",
        "workspace_id": "w-1",
        "ticket": "4711",
    }


def test_a_key_says_what_its_requests_do_not(gateway: LoggedGateway) -> None:
    kept = session_of(gateway.row("stream"))
    assert kept == {"session_id": "stream", "agent_name": "nightly", "workspace_id": "w-1"}


def test_headers_name_a_session_where_a_body_has_no_place_for_it(gateway: LoggedGateway) -> None:
    kept = session_of(gateway.row("headers"))
    assert kept == {"session_id": "headers", "agent_name": "cli", "workspace_id": "w-2"}


def test_a_session_s_requests_are_summed_up_in_sql(gateway: LoggedGateway) -> None:
    gateway.row("chat")
    sums = 'SELECT count(*), sum(total_tokens) FROM "LiteLLM_SpendLogs"'
    assert gateway.database.psql(f"{sums} WHERE {of_session('chat')}") == "1|10"


def test_a_long_or_strange_value_is_cut_to_what_can_be_stored(gateway: LoggedGateway) -> None:
    strange = {"agent_name": "a\x00\n" + "b" * 999, "conversation_name": ["no", "text"]}
    assert gateway.chat("odd", metadata=strange).status_code == 200
    kept = session_of(gateway.row("odd"))
    assert kept == {"session_id": "odd", "agent_name": "a" + "b" * 255, "workspace_id": "w-1"}


def test_no_spend_row_has_content(gateway: LoggedGateway) -> None:
    for session in SESSIONS:
        gateway.row(session)
    text = json.dumps(gateway.rows(), ensure_ascii=False)
    assert [mark for mark in CONTENT if mark in text] == []


def test_no_log_object_has_content_whether_the_request_failed_or_not(
    gateway: LoggedGateway,
) -> None:
    for session in SESSIONS:
        gateway.object(session)
    # A request that was refused before it got a session is recorded as well.
    wait_until(
        lambda: [one for one in gateway.objects() if one["trace_id"] == "refused"],
        "the object of the refused request",
    )
    text = json.dumps(gateway.objects(), ensure_ascii=False)
    assert [mark for mark in CONTENT if mark in text] == []


def test_a_failed_request_s_record_says_what_kind_of_error_it_was(gateway: LoggedGateway) -> None:
    error = gateway.object("broken")["error_information"]
    assert (error["error_code"], error["error_class"]) == ("400", "BadRequestError")
    assert gateway.row("broken")["metadata"]["error_information"]["error_code"] == "400"


def test_parameters_that_are_figures_or_switches_are_kept(gateway: LoggedGateway) -> None:
    assert gateway.object("chat")["model_parameters"] == {"temperature": 0.5, "stream": False}


def langfuse(gateway: LoggedGateway, awaited: str) -> str:
    return wait_until(
        lambda: (text := gateway.sinks.texts(LANGFUSE)) and awaited in text and text,
        f"{awaited} in Langfuse",
    )


def test_langfuse_gets_content_with_personal_data_masked(gateway: LoggedGateway) -> None:
    text = langfuse(gateway, "claude")
    assert {mark for mark in CONTENT if mark in text} == {PROMPT, SYSTEM, ANSWER}
    assert all(kind in text for kind in ("[email]", "[phone]", "[card]", "[tool]"))


@pytest.mark.parametrize("given", ["my-generation", "my-name", "ada", "chat"])
def test_names_and_ids_pass_through_to_langfuse(gateway: LoggedGateway, given: str) -> None:
    assert given in langfuse(gateway, "my-generation")


def test_langsmith_gets_metadata_of_the_outcomes_that_it_asks_for(gateway: LoggedGateway) -> None:
    text = wait_until(
        lambda: (text := gateway.sinks.texts(LANGSMITH)) and CLAUDE_CODE in text and text,
        "the last success in LangSmith",
    )
    assert [mark for mark in CONTENT if mark in text] == []
    assert '"reviewer"' in text
    assert '"BadRequestError"' not in text


def test_a_collector_gets_spans_without_content(gateway: LoggedGateway) -> None:
    text = wait_until(
        lambda: (text := gateway.sinks.texts(COLLECTOR)) and "broken" in text and text,
        "spans of the failed request",
    )
    assert [mark for mark in CONTENT if mark in text] == []
    assert "gen_ai.usage.input_tokens" in text
    assert "gen_ai.request.model" in text


def test_the_model_gets_what_the_caller_wrote(gateway: LoggedGateway, model: ModelServer) -> None:
    sent = json.dumps(model.requests, ensure_ascii=False)
    assert [mark for mark in (PROMPT, SYSTEM, TOOL, *PERSONAL) if mark not in sent] == []
