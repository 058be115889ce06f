"""Langfuse: a trace with a generation for each request, named as the caller asks."""

from typing import Any

from litellm.integrations.langfuse.langfuse_prompt_management import LangfusePromptManagement

from proxy_hooks.sinks import Details, Sink


class LangfuseLog(Sink, LangfusePromptManagement):
    """LiteLLM's Langfuse logger; host and keys are in the environment (``LANGFUSE_*``)."""

    name = "langfuse"

    def prepared(self, details: Details) -> dict[str, Any]:
        parameters = details.get("litellm_params") or {}
        return {
            **super().prepared(details),
            "optional_params": self._policy.parameters(details.get("optional_params")),
            # Applied by LiteLLM to what was sent, what was answered and the text of an error.
            "litellm_params": {**parameters, "_langfuse_masking_function": self._policy.text},
        }


sink = LangfuseLog()
