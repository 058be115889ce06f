"""Copies the session of a request to where spend rows and log objects keep it.

LiteLLM leaves metadata that it does not know out of spend rows, but for ``spend_logs_metadata``.
The names on the list of the settings are copied there, from the request and from its key.
"""

from collections.abc import Mapping
from typing import Any

from litellm._logging import verbose_proxy_logger
from litellm.integrations.custom_logger import CustomLogger

from proxy_hooks.settings import load

# A UUID has 36 characters; the name of a conversation may be a sentence.
LONGEST_VALUE = 256
_TARGET = "spend_logs_metadata"


class SessionMetadata(CustomLogger):
    """Writes ``spend_logs_metadata`` of every request that passes authentication.

    For each name the first of these counts: the caller's own ``spend_logs_metadata`` (in the body's
    metadata, or as JSON in the header ``x-litellm-spend-logs-metadata``), the body's ``metadata``,
    the header ``x-<name>`` with hyphens, the session that LiteLLM has found by itself
    (``x-litellm-session-id``; Claude Code's ``x-claude-code-session-id`` or ``metadata.user_id``),
    the metadata of the key. A value becomes a text of at most 256 printable characters; one that is
    neither text, number nor switch is left out.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__()
        self._headers = {key: f"x-{key.replace('_', '-')}" for key in keys}

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> None:
        """Called before a request goes to a model; never fails it."""
        try:
            self._copy(data, _mapping(user_api_key_dict.metadata))
        except Exception as error:
            # A request is worth more than its session.
            verbose_proxy_logger.error("session metadata: %s", type(error).__name__)

    def _copy(self, data: dict[str, Any], key_metadata: Mapping[str, Any]) -> None:
        # Which of the two LiteLLM logs depends on the route: metadata_variable_name_for_route in
        # litellm/proxy/litellm_pre_call_utils.py. It removes the other one.
        metadata = data.get("litellm_metadata") or data.get("metadata")
        if not isinstance(metadata, dict):
            return
        headers = _mapping(_mapping(data.get("proxy_server_request")).get("headers"))
        present = _mapping(metadata.get(_TARGET))
        of_the_key = _mapping(key_metadata.get(_TARGET))
        sources = (
            # LiteLLM has filled in what the key has already, as if the caller had given it.
            {name: value for name, value in present.items() if of_the_key.get(name) != value},
            metadata,
            _mapping(metadata.get("requester_metadata")),
            {key: headers.get(header) for key, header in self._headers.items()},
            {"session_id": data.get("litellm_session_id")},
            of_the_key,
            key_metadata,
        )
        found = {
            key: text
            for key in self._headers
            if (text := next(filter(None, (_text(one.get(key)) for one in sources)), ""))
        }
        if found:
            metadata[_TARGET] = {**present, **found}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    """Return a value as PostgreSQL and Parquet can keep it; nothing for what is none."""
    if not isinstance(value, str | int | float):
        return ""
    # Of a text that is cut anyway, no more is looked at; of a number, no more is written.
    text = value[: 2 * LONGEST_VALUE] if isinstance(value, str) else f"{value!s:.{LONGEST_VALUE}}"
    if not text.isprintable():
        text = "".join(filter(str.isprintable, text))
    return text[:LONGEST_VALUE].strip()


hook = SessionMetadata(load().session_keys)
