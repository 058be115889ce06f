"""Answers that are kept, and given again to whoever asks the same."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from infra.setting_sections.base import Section

CallType = Literal[
    "chat", "completion", "embedding", "messages", "responses", "rerank", "transcription"
]


def _off_is_a_word(value: Any) -> Any:
    """YAML 1.1 reads ``off`` as false."""
    return "off" if value in (False, "false") else value


class ResponseCacheSettings(Section):
    backend: Annotated[
        Literal["off", "redis", "s3", "local"],
        BeforeValidator(_off_is_a_word),
        Field(
            default="off",
            description="`redis`: the stack's cache, shared by all pods; `s3`: a bucket of its "
            "own, slower, for answers that are kept for days; `local`: the pod's memory, 200 "
            "answers for each pod, gone with it. Answers hold what models said, whatever "
            "the logs hold. Without an answer from the cache a request goes to the model.",
        ),
    ]
    mode: Literal["onRequest", "always"] = Field(
        default="onRequest",
        description="`onRequest`: a request says `cache: {use-cache: true}`; `always`: each one, "
        "unless it says `cache: {no-cache: true}`. Whoever may use the model gets the answer that "
        "another got: teams are not kept apart.",
    )
    ttl_seconds: int = Field(
        default=600, ge=1, le=2592000, description="How long an answer is given again."
    )
    namespace: str = Field(
        default="answers",
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="What keys begin with. Another one forgets all answers.",
    )
    call_types: tuple[CallType, ...] = Field(
        default=("chat", "embedding"),
        min_length=1,
        description="Requests whose answers are kept.",
    )
    maximum_messages: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Longer conversations are neither looked up nor kept.",
    )
