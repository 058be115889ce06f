"""Delivers what sinks have queued before the proxy ends; LiteLLM does so for Langfuse alone.

Without it, every pod that is stopped loses the records of its last ``logFlushSeconds``.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from litellm._logging import verbose_proxy_logger
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER
from litellm.proxy import proxy_server

# Below the half minute that a pod's grace period has beyond its drain and its longest request.
SECONDS = 15

_flushes: list[Callable[[], Awaitable[None]]] = []
_shut_down = proxy_server.proxy_shutdown_event


def before_shutdown(flush: Callable[[], Awaitable[None]]) -> None:
    """Have something delivered when the last request has been answered."""
    _flushes.append(flush)


async def _deliver_and_shut_down(*given: Any, **named: Any) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            # Records that no sink has got yet.
            await GLOBAL_LOGGING_WORKER.flush()
            await asyncio.gather(*(flush() for flush in _flushes), return_exceptions=True)
    except TimeoutError:
        verbose_proxy_logger.error("records were not delivered within %s s", SECONDS)
    finally:
        await _shut_down(*given, **named)


# What the proxy calls at its end has no place for callbacks.
proxy_server.proxy_shutdown_event = _deliver_and_shut_down
