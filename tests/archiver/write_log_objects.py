"""Writes log objects with LiteLLM's own logger; run with the Python of LiteLLM's image.

The first argument is a file of ``s3_callback_params``. Standard input is a JSON list of flushes,
each a list of requests: ``start`` (ISO time, UTC), ``seconds`` and fields of the payload.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


def payload_of(request: dict[str, Any]) -> tuple[datetime, dict[str, Any]]:
    """Return a whole payload: every field of LiteLLM's type is there, as in a real one."""
    from litellm.litellm_core_utils.litellm_logging import create_dummy_standard_logging_payload
    from litellm.types.utils import StandardLoggingMetadata, StandardLoggingPayload

    given = dict(request)
    start = datetime.fromisoformat(given.pop("start"))
    seconds = given.pop("seconds", 1.5)
    metadata = given.pop("metadata", {})
    dummy: dict[str, Any] = dict(create_dummy_standard_logging_payload())
    fields = dict.fromkeys(StandardLoggingPayload.__annotations__)
    moment = start.replace(tzinfo=UTC).timestamp()
    times = {
        "startTime": moment,
        "completionStartTime": moment + seconds / 2,
        "endTime": moment + seconds,
        "response_time": seconds,
    }
    names = dict.fromkeys(StandardLoggingMetadata.__annotations__)
    whole = {**fields, **dummy, **times, **given, "metadata": {**names, **metadata}}
    return start, whole


async def write(parameters: dict[str, Any], flushes: list[list[dict[str, Any]]]) -> None:
    import litellm
    from litellm.integrations.s3_v2 import S3Logger

    litellm.s3_callback_params = parameters
    logger = S3Logger()
    for flush in flushes:
        for request in flush:
            start, payload = payload_of(request)
            await logger.async_log_success_event(
                {"standard_logging_object": payload}, None, start, start + timedelta(seconds=1)
            )
        await logger.flush_queue()
        assert not logger.log_queue, "not delivered"


if __name__ == "__main__":
    asyncio.run(write(json.loads(Path(sys.argv[1]).read_text()), json.load(sys.stdin)))
