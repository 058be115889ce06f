"""Spend rows: what LiteLLM writes of a request to the database, beside its cost.

Whether rows have content is LiteLLM's ``store_prompts_in_spend_logs``. Personal data in it is
masked here, and texts of errors are left out where they are not allowed.
"""

from typing import Any

from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy.hooks import proxy_track_cost_callback

from proxy_hooks.content import Record
from proxy_hooks.sinks import policy_of

_POLICY = policy_of("database")
# Of a request's body; the rest of it is content.
_METADATA = frozenset({"litellm_metadata", "metadata", "model", "user"})


class DatabaseLog(CustomLogger):
    """Masks the content that LiteLLM is about to write to the rows of a request."""

    async def async_logging_hook(
        self, kwargs: dict[str, Any], result: Any, call_type: str
    ) -> tuple[dict[str, Any], Any]:
        """Called before a request's success is logged; what is returned, all loggers get."""
        if not _POLICY.content:
            return kwargs, result
        payload = kwargs.get("standard_logging_object")
        parameters = kwargs.get("litellm_params") or {}
        return {
            **kwargs,
            "standard_logging_object": None if payload is None else _POLICY.payload(payload),
            "litellm_params": {**parameters, "proxy_server_request": _masked_request(parameters)},
        }, result

    async def async_post_call_failure_hook(
        self, request_data: dict[str, Any], *_: Any, **__: Any
    ) -> None:
        """Called before the row of a failed request is written."""
        if _POLICY.content:
            request_data["proxy_server_request"] = _masked_request(request_data)


def _masked_request(holder: Record) -> Any:
    """Return a copy of the request that came in: the original is sent to models."""
    request = holder.get("proxy_server_request")
    if not request or not request.get("body"):
        return request
    body = {
        name: value if name in _METADATA else _POLICY.value(value)
        for name, value in request["body"].items()
    }
    return {**request, "body": body}


_cleaned_by_litellm = proxy_track_cost_callback.sanitize_error_information_for_spend_logs


def _error_information(information: Record | None, *rest: Any, **more: Any) -> Any:
    """LiteLLM's own cleaning finds quoted ``input``, ``messages`` and ``prompt`` only."""
    return _POLICY.error_information(_cleaned_by_litellm(information, *rest, **more))


# There is no callback between the error and its row.
proxy_track_cost_callback.sanitize_error_information_for_spend_logs = _error_information

sink = DatabaseLog()
