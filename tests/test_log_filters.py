"""The filters of container logs against lines that LiteLLM really writes."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from filter_patterns import matches
from test_litellm_accepts import gateway_python as gateway_python

from infra.cloudwatch_metrics import ARCHIVE_ERRORS, BUDGET_REFUSALS
from infra.log_filters import container_log_filters

PATTERNS = {one.metric: one.pattern for one in container_log_filters()}
# Has LiteLLM's own authentication refuse two requests and write what it writes of that.
REFUSE = """
import asyncio, litellm
from litellm._logging import _turn_on_json
_turn_on_json()
import litellm.proxy.proxy_server
from litellm.proxy.auth.auth_exception_handler import UserAPIKeyAuthExceptionHandler as Handler
from starlette.requests import Request

async def refuse(reason):
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    try:
        await Handler.handle_authentication_error(reason, Request(scope), {}, "/", None, "sk-1")
    except Exception:
        pass

async def main():
    for message in None, "ExceededBudget: User=ada over budget", "exceeded budget for model=m":
        await refuse(litellm.BudgetExceededError(current_cost=1.5, max_budget=1.0, message=message))
    await refuse(Exception("No api key passed in."))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def refusals(gateway_python: Path) -> list[str]:
    """The lines of three refused budgets and of a missing key, in this order."""
    done = subprocess.run(
        [gateway_python, "-c", REFUSE],
        env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if "Exception occured" in line]
    assert len(lines) == 4, done.stderr
    return lines


def shipped(line: str, container: str = "proxy", namespace: str = "litellm") -> str:
    """Return a line as Fluent Bit ships it."""
    event: dict[str, Any] = {
        "time": "2026-01-01T00:00:00.000000000Z",
        "stream": "stderr",
        "log": line,
        "kubernetes": {"namespace_name": namespace, "container_name": container},
    }
    if line.startswith("{"):
        event["log_processed"] = json.loads(line)
    return json.dumps(event)


def test_a_request_that_is_refused_for_its_budget_is_counted(refusals: list[str]) -> None:
    for line in refusals[:3]:
        assert matches(PATTERNS[BUDGET_REFUSALS], shipped(line))


def test_a_request_that_is_refused_for_another_reason_is_not(refusals: list[str]) -> None:
    assert not matches(PATTERNS[BUDGET_REFUSALS], shipped(refusals[3]))


def test_another_namespace_counts_for_nothing(refusals: list[str]) -> None:
    assert not matches(PATTERNS[BUDGET_REFUSALS], shipped(refusals[0], namespace="other"))


@pytest.mark.parametrize(
    ("line", "container", "counted"),
    [
        ("Traceback (most recent call last):", "spend-archive", True),
        ("Traceback (most recent call last):", "request-copy", True),
        ('{"level": "ERROR", "message": "rows differ"}', "spend-archive", True),
        ('{"level": "INFO", "message": "12 rows"}', "spend-archive", False),
        ("2025-01-01: 12 rows", "spend-archive", False),
        ("Traceback (most recent call last):", "proxy", False),
    ],
)
def test_errors_of_archiving_jobs_are_counted(line: str, container: str, counted: bool) -> None:
    assert matches(PATTERNS[ARCHIVE_ERRORS], shipped(line, container)) is counted
