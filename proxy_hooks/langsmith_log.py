"""LangSmith: a run for each request, without content."""

from typing import Any

from litellm.integrations.langsmith import LangsmithLogger

from proxy_hooks.shutdown import before_shutdown
from proxy_hooks.sinks import Details, Sink


class LangSmithLog(Sink, LangsmithLogger):
    """LiteLLM's LangSmith logger; project and key are in the environment (``LANGSMITH_*``)."""

    name = "langsmith"

    def prepared(self, details: Details) -> dict[str, Any]:
        parameters = dict(details.get("litellm_params") or {})
        metadata = dict(parameters.get("metadata") or {})
        # LangSmith calls its projects sessions, and refuses the whole batch for an unknown one. The
        # caller's session is in the run's metadata still, under `spend_logs_metadata`.
        metadata.pop("session_id", None)
        return {**super().prepared(details), "litellm_params": {**parameters, "metadata": metadata}}


sink = LangSmithLog()
before_shutdown(sink.flush_queue)
