"""The named queries of Athena, run by DuckDB over what the archiver makes of LiteLLM's objects.

Athena is Trino. Three functions of the queries have other names in DuckDB: :data:`FUNCTIONS` is the
whole translation.
"""

from datetime import timedelta
from typing import Any

import duckdb
import pytest
from archiver_process import Archiver
from log_objects import TODAY, Request, request, write
from recorded_program import PROJECT, stack_configuration

from archiver.layout import PAYLOAD, SPEND_COLUMNS
from infra.configuration import parse
from infra.log_queries import QUERIES, log_queries
from sandbox import litellm_image

FUNCTIONS = """
CREATE MACRO approx_percentile(x, p) AS quantile_cont(x, p);
CREATE MACRO from_unixtime(x) AS to_timestamp(x) AT TIME ZONE 'UTC';
CREATE MACRO json_extract_scalar(x, path) AS json_extract_string(x, path);
"""
TYPES = {"bigint": "BIGINT", "boolean": "BOOLEAN", "double": "DOUBLE", "timestamp": "TIMESTAMP"}
SETTINGS = parse("prod", PROJECT, stack_configuration("prod"))
ALICE = {"user_api_key_user_id": "alice", "user_api_key_user_email": "alice@example.com"}
# What the proxy's hook keeps of a request's metadata.
REVIEW = {"session_id": "s1", "agent_name": "reviewer", "conversation_name": "Fix the build"}
CI = {"team": "platform", "key": "ci"}
FAILED = {"error_code": "429", "error_class": "RateLimitError"}


def haiku(id: str, cost: float, **more: Any) -> Request:
    model = {"model_group": "claude-haiku-4-5", "custom_llm_provider": "bedrock", "stream": True}
    return request(id, response_cost=cost, total_tokens=30, **{**model, **more})


REQUESTS = [
    haiku(
        "a1", 0.5, team="platform", key="ci", metadata=ALICE, session_id="s1", seconds=1, minute=2
    ),
    haiku(
        "a2",
        0.25,
        **CI,
        metadata={**ALICE, "spend_logs_metadata": REVIEW},
        session_id="s1",
        seconds=3,
        minute=1,
    ),
    haiku("b1", 2.0, team="O'Brien/日本", model_group="claude-opus-4-5"),
    haiku("c1", 0.125, model_group="gone", requester_ip_address="10.1.2.3", session_id="s2"),
    haiku("d1", 0, **CI, status="failure", error_information=FAILED),
    haiku("e1", 4.0, team="platform", key="forgotten", days_ago=45),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The tables that Athena has, over a copy of the bucket."""
    litellm_image.ensure(print)
    folder = tmp_path_factory.mktemp("bucket")
    archiver = Archiver("log-query-tests")
    write(archiver, folder, [REQUESTS])
    archiver.succeed("archiver.requests")
    archiver.download("", folder)
    connection = duckdb.connect()
    connection.execute(FUNCTIONS)
    connection.execute(
        "CREATE VIEW requests AS SELECT * EXCLUDE date, CAST(date AS varchar) AS day "
        f"FROM read_parquet('{folder}/requests/**/*.parquet', hive_partitioning = true)"
    )
    # Athena's reader does not mind the case of a field's name, DuckDB's does.
    columns = {name: TYPES.get(kind, "VARCHAR") for name, kind in PAYLOAD.items()}
    connection.execute(
        f"CREATE VIEW log_objects AS SELECT * FROM read_json('{folder}/logs/**/*.jsonl', "
        f"columns = {columns}, format = 'newline_delimited')"
    )
    spend = ", ".join(
        f'"{name.lower()}" {TYPES.get(kind, "VARCHAR")}'
        for name, kind in SPEND_COLUMNS["logs"].items()
    )
    connection.execute(f"CREATE TABLE spend_logs ({spend}, day VARCHAR)")
    connection.execute(
        "INSERT INTO spend_logs (request_id, team_id, spend, total_tokens, day) VALUES "
        "('1', 'x', 1.5, 10, '2025-01-31'), ('2', 'x', 1, 10, '2025-01-01'), "
        "('3', NULL, 1, 10, '2025-02-01')"
    )
    return connection


def answers(database: duckdb.DuckDBPyConnection, name: str, *given: str) -> list[dict[str, Any]]:
    """Return the rows of a named query."""
    (text,) = [query.text for query in log_queries(SETTINGS) if query.name == name]
    found = database.execute(text, list(given))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def chosen(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_spend_by_team(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "spend_by_team")
    assert chosen(rows, "team", "requests", "tokens", "spend") == [
        ("O'Brien/日本", 1, 30, 2.0),
        ("platform", 3, 90, 0.75),
        ("no team", 1, 30, 0.125),
    ]


def test_spend_by_user(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "spend_by_user")
    assert ("alice", "alice@example.com", 2, 0.75) in chosen(
        rows, "user_id", "email", "requests", "spend"
    )


def test_spend_by_model(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "spend_by_model")
    assert chosen(rows, "model", "provider", "requests", "spend") == [
        ("claude-opus-4-5", "bedrock", 1, 2.0),
        ("claude-haiku-4-5", "bedrock", 3, 0.75),
        ("gone", "bedrock", 1, 0.125),
    ]


def test_spend_by_tier(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "spend_by_tier")
    assert chosen(rows, "tier", "requests", "spend") == [
        ("$$$", 1, 2.0),
        ("$", 3, 0.75),
        ("not in the catalogue", 1, 0.125),
    ]


def test_error_rates(database: duckdb.DuckDBPyConnection) -> None:
    first, *_ = answers(database, "error_rates")
    assert (first["model"], first["requests"], first["failures"]) == ("claude-haiku-4-5", 3, 1)
    assert first["error_rate"] == pytest.approx(1 / 3)


def test_errors_by_kind(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "errors_by_kind")
    assert chosen(rows, "model", "error_code", "error_class", "failures", "last_day") == [
        ("claude-haiku-4-5", "429", "RateLimitError", 1, f"{TODAY:%Y-%m-%d}")
    ]


def test_latency_percentiles(database: duckdb.DuckDBPyConnection) -> None:
    (row,) = [
        row
        for row in answers(database, "latency_percentiles")
        if row["model"] == "claude-haiku-4-5"
    ]
    assert (row["requests"], round(row["p50"], 3)) == (2, 2.0)
    assert row["p50"] < row["p95"] < row["p99"] <= 3
    assert row["first_token_p95"] == pytest.approx(1.45)


def test_inactive_keys(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "inactive_keys")
    assert chosen(rows, "key_alias", "team", "spend") == [("forgotten", "platform", 4.0)]


def test_requests_of_session(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "requests_of_session", "s1")
    assert chosen(rows, "id", "user_id", "team", "started") == [
        ("a2", "alice", "platform", TODAY + timedelta(minutes=1)),
        ("a1", "alice", "platform", TODAY + timedelta(minutes=2)),
    ]


def test_a_request_is_found_with_the_callers_address(database: duckdb.DuckDBPyConnection) -> None:
    (row,) = answers(database, "requests_of_session", "s2")
    assert row["requester_ip_address"] == "10.1.2.3"


def test_sessions(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "sessions")
    assert chosen(rows, "session_id", "agent_name", "requests", "tokens", "spend") == [
        ("s1", "reviewer", 2, 60, 0.75),
        ("s2", None, 1, 30, 0.125),
    ]
    assert rows[0]["conversation_name"] == "Fix the build"


def test_archived_spend_by_month(database: duckdb.DuckDBPyConnection) -> None:
    rows = answers(database, "archived_spend_by_month")
    assert chosen(rows, "month", "team_id", "requests", "spend") == [
        ("2025-02", "no team", 1, 1.0),
        ("2025-01", "x", 2, 2.5),
    ]


def test_the_raw_objects_have_what_the_copy_has(database: duckdb.DuckDBPyConnection) -> None:
    shared = (
        "id, session_id, stream, response_cost, total_tokens, starttime, "
        "json_extract_scalar(metadata, '$.user_api_key_team_alias') AS team"
    )
    raw = database.execute(f"SELECT {shared} FROM log_objects ORDER BY id").fetchall()
    copied = database.execute(f"SELECT {shared} FROM requests ORDER BY id").fetchall()
    assert raw == copied
    assert len(raw) == len(REQUESTS)


def test_every_query_of_the_folder_is_delivered_and_says_what_it_shows() -> None:
    queries = log_queries(SETTINGS)
    assert len(queries) == len(list(QUERIES.iterdir()))
    assert all(query.description.endswith(".") for query in queries)


def test_a_model_with_a_quote_in_its_name_stays_one_text() -> None:
    model = SETTINGS.models[0].model_copy(update={"name": "it's"})
    queries = log_queries(SETTINGS.model_copy(update={"models": (model,)}))
    (text,) = [query.text for query in queries if query.name == "spend_by_tier"]
    assert "('it''s', '$')" in text
