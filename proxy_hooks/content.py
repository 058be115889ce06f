"""Which parts of a record of a request are its content, and what becomes of them. Needs no library.

LiteLLM's own ``turn_off_message_logging`` is for all places together, and is not applied to the
records of failed requests (``async_failure_handler`` in its ``litellm_logging.py``): those hold the
prompt in clear. This is applied to every record, for each place by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from proxy_hooks.personal_data import Mask

Record: TypeAlias = Mapping[str, Any]

HIDDEN = "not logged"

# Fields of StandardLoggingPayload and StandardLoggingMetadata (litellm/types/utils.py) with texts
# that were sent, answered, searched for or found.
CONTENT_FIELDS = frozenset({
    "classifier_input", "guardrail_information", "messages", "model_parameters",
    "originating_request_masked", "response", "standard_built_in_tools_params",
})  # fmt: skip
METADATA_CONTENT_FIELDS = frozenset({
    "mcp_tool_call_metadata", "prompt_management_metadata", "vector_store_request_metadata",
})  # fmt: skip
# Providers' texts, and LiteLLM's own, may repeat what was sent.
ERROR_FIELDS = frozenset({"error_str", "response_cost_failure_debug_info"})
# What stays of StandardLoggingPayloadErrorInformation and StandardLoggingGuardrailInformation.
_ERROR_METADATA = frozenset({
    "error_code", "error_class", "llm_provider", "normalized_error", "error_provider_request_id",
    "error_rate_limit_category", "error_rate_limit_type", "error_budget_entity_type",
    "error_budget_entity_id", "error_budget_limit", "error_budget_spend",
})  # fmt: skip
_GUARDRAIL_METADATA = frozenset({
    "guardrail_name", "guardrail_provider", "guardrail_mode", "guardrail_status", "start_time",
    "end_time", "duration", "guardrail_id",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ContentPolicy:
    """How much of a request's content one place of records gets."""

    content: bool
    error_texts: bool
    mask: Mask

    def payload(self, payload: Record) -> dict[str, Any]:
        """Return a StandardLoggingPayload with as much of its content as is allowed."""
        prepared = dict(payload)
        for name in CONTENT_FIELDS & prepared.keys():
            prepared[name] = self._field(name, prepared[name])
        for name in ERROR_FIELDS & prepared.keys():
            prepared[name] = self._error_value(prepared[name])
        prepared["error_information"] = self.error_information(prepared.get("error_information"))
        metadata = dict(prepared.get("metadata") or {})
        for name in METADATA_CONTENT_FIELDS & metadata.keys():
            metadata[name] = self.value(metadata[name]) if self.content else None
        prepared["metadata"] = metadata
        return prepared

    def error_information(self, information: Record | None) -> dict[str, Any] | None:
        """Return class, code and provider of an error, and its texts if they are allowed."""
        if information is None:
            return None
        return {
            name: value if name in _ERROR_METADATA else self._error_value(value)
            for name, value in information.items()
        }

    def parameters(self, parameters: Record | None) -> dict[str, Any]:
        """Return parameters of a model: without content only figures and switches.

        Tools, formats of answers and stop words are texts of the request.
        """
        given = dict(parameters or {})
        if self.content:
            return {name: self.value(value) for name, value in given.items()}
        return {
            name: value for name, value in given.items() if isinstance(value, bool | int | float)
        }

    def text(self, text: object) -> object:
        """Return a text of the content, masked, or what stands in its place."""
        if not isinstance(text, str):
            return text
        return self.mask(text) if self.content else HIDDEN

    def value(self, value: Any) -> Any:
        """Return a nested value with every text in it masked; the original stays as it is."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            return {name: self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        # LiteLLM's answers are pydantic models.
        return self.value(value.model_dump()) if hasattr(value, "model_dump") else value

    def _field(self, name: str, value: Any) -> Any:
        if name == "model_parameters":
            return self.parameters(value)
        if self.content:
            return self.value(value)
        if name == "guardrail_information" and isinstance(value, list):
            return [
                {key: entry[key] for key in _GUARDRAIL_METADATA & entry.keys()}
                for entry in value
                if isinstance(entry, Mapping)
            ]
        return None

    def _error_value(self, value: Any) -> Any:
        return self.value(value) if self.content or self.error_texts else None
