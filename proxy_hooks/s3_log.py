"""The log bucket: an object for each team, key and flush, with a line for each request."""

from typing import Any

import litellm
from litellm.integrations.s3_v2 import S3Logger

from proxy_hooks.shutdown import before_shutdown
from proxy_hooks.sinks import Details, Sink


class S3Log(Sink, S3Logger):
    """LiteLLM's S3 logger, with the parameters of ``s3_callback_params``."""

    name = "s3"

    def prepared(self, details: Details) -> dict[str, Any]:
        prepared = super().prepared(details)
        payload = prepared["standard_logging_object"]
        if payload is not None:
            session = (payload["metadata"].get("spend_logs_metadata") or {}).get("session_id")
            payload["session_id"] = payload.get("session_id") or session
            # The price list's entry of the model: 7 of an object's 12 KB, the same in all of them.
            payload["model_map_information"] = None
        return prepared


if not litellm.s3_callback_params:
    raise ValueError("litellm_settings: s3_callback_params must stand before callbacks")
sink = S3Log()
before_shutdown(sink.flush_queue)
