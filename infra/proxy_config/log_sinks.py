"""Where records of requests go, and what they hold."""

from dataclasses import dataclass

from infra.log_storage import LOG_PREFIX
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class LogStore:
    """The bucket that gets a record of every request."""

    bucket: str
    region: str
    kms_key_arn: str
    path: str = "logs"
    endpoint: bool = False
    """Whether ``AWS_ENDPOINT_URL`` names the store; LiteLLM's S3 client reads no such variable."""


def log_store(settings: Settings, *, bucket: str, key_arn: str) -> LogStore:
    """Return how the log bucket of a stack is written."""
    return LogStore(
        bucket=bucket,
        region=settings.aws.region,
        kms_key_arn=key_arn,
        path=LOG_PREFIX,
        endpoint=settings.aws.endpoint is not None,
    )
