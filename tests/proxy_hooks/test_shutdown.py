"""A real proxy that is stopped long before its sinks are due to be written to."""

import pytest
from litellm_process import wait_until
from logged_gateway import logged_gateway
from model_server import ModelServer
from postgresql_server import PostgreSQL

CHANGES = {"requestLogging.langsmith": {"project": "tests", "host": "{sinks}"}}
SESSIONS = ["last-0", "last-1", "last-2"]


def test_a_stopped_proxy_delivers_what_its_sinks_have_queued(
    database: PostgreSQL, model: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shutdown-")
    with logged_gateway(folder, database, model, CHANGES, flush_seconds=3600) as gateway:
        for session in SESSIONS:
            assert gateway.chat(session).status_code == 200
        gateway.proxy.stop()
        assert {one["session_id"] for one in gateway.objects()} == set(SESSIONS)
        text = wait_until(lambda: gateway.sinks.texts("/api/v1/runs"), "runs in LangSmith")
        assert [session for session in SESSIONS if session not in text] == []
