"""``cache_params``: which answers the proxy keeps, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.setting_sections.response_cache import CallType
from infra.settings import Settings

# Below this prefix of its bucket.
RESPONSE_PREFIX = "answers"

# The proxy calls the asynchronous one of each pair: CachingSupportedCallTypes in
# litellm/types/caching.py.
_CALL_TYPES: Mapping[CallType, tuple[str, ...]] = {
    "chat": ("completion", "acompletion"),
    "completion": ("text_completion", "atext_completion"),
    "embedding": ("embedding", "aembedding"),
    "messages": ("anthropic_messages", "aanthropic_messages"),
    "responses": ("responses", "aresponses"),
    "rerank": ("rerank", "arerank"),
    "transcription": ("transcription", "atranscription"),
}
# LiteLLM waits 5 seconds for a cache that does not answer; a request should not.
_SOCKET_SECONDS = 1


@dataclass(frozen=True, kw_only=True)
class ResponseCache:
    """Where answers are kept, for how long, and of which requests."""

    backend: Literal["redis", "s3", "local"]
    on_request: bool
    ttl_seconds: int
    namespace: str
    call_types: tuple[CallType, ...]
    maximum_messages: int
    bucket: str = ""
    region: str = ""
    endpoint: bool = False
    """Whether ``AWS_ENDPOINT_URL`` names the store."""
    own_authority: bool = False
    """Whether ``REDIS_SSL_CA_CERTS`` names the authority of Redis's certificate."""

    @property
    def parameters(self) -> dict[str, object]:
        """``cache_params``: arguments of ``Cache`` in litellm/caching/caching.py."""
        return {
            "type": self.backend,
            "mode": "default_off" if self.on_request else "default_on",
            "ttl": self.ttl_seconds,
            "namespace": self.namespace,
            "supported_call_types": [
                name for kind in self.call_types for name in _CALL_TYPES[kind]
            ],
            "max_messages": self.maximum_messages,
            **self._place,
        }

    @property
    def _place(self) -> dict[str, object]:
        if self.backend == "redis":
            # The port comes from REDIS_PORT, as that of coordination_redis does.
            authority = {"ssl_ca_certs": "os.environ/REDIS_SSL_CA_CERTS"}
            return {
                "host": "os.environ/REDIS_HOST",
                "username": "os.environ/REDIS_USERNAME",
                "password": "os.environ/REDIS_PASSWORD",
                "ssl": True,
                **(authority if self.own_authority else {}),
                "socket_timeout": _SOCKET_SECONDS,
            }
        if self.backend == "s3":
            # Without keys, boto3 takes the pod's role; the bucket encrypts by itself.
            endpoint = {"s3_endpoint_url": "os.environ/AWS_ENDPOINT_URL"}
            return {
                "s3_bucket_name": self.bucket,
                "s3_region_name": self.region,
                "s3_path": RESPONSE_PREFIX,
                **(endpoint if self.endpoint else {}),
            }
        return {}


def response_cache(
    settings: Settings, *, bucket: str | None, environment: frozenset[str]
) -> ResponseCache | None:
    """Return how answers of a stack are kept; None if they are not."""
    given = settings.response_cache
    if given.backend == "off":
        return None
    return ResponseCache(
        backend=given.backend,
        on_request=given.mode == "onRequest",
        ttl_seconds=given.ttl_seconds,
        namespace=given.namespace,
        call_types=given.call_types,
        maximum_messages=given.maximum_messages,
        bucket=bucket or "",
        region=settings.aws.region,
        endpoint=settings.aws.endpoint is not None,
        own_authority="REDIS_SSL_CA_CERTS" in environment,
    )
