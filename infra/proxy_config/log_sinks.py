"""Where records of requests go, and what they hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.log_storage import LOG_PREFIX
from infra.naming import PROJECT_ROOT
from infra.proxy_config.session_metadata import session_keys
from infra.setting_sections import RequestLoggingSettings
from infra.settings import Settings
from proxy_hooks.settings import HookSettings, SinkSettings

# Keys of the ConfigMap: the callbacks' modules, which the chart mounts as a package, and settings.
HOOK_FILES = tuple(sorted(path.name for path in (PROJECT_ROOT / "proxy_hooks").glob("*.py")))
HOOK_SETTINGS = "proxy_hooks.json"
_HTTPS_PORT = 443
_PORTS = {"http": 80, "https": _HTTPS_PORT}


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


@dataclass(frozen=True, kw_only=True)
class RequestLogging:
    """What LiteLLM itself is told about records of requests."""

    callbacks: tuple[str, ...]
    """Metrics, and what is loaded of ``proxy_hooks``. None of them stands in ``success_callback``
    or ``failure_callback``: each decides by its settings which outcomes it passes on."""
    content: bool = False
    """Whether any place gets prompts and answers; LiteLLM's own switch is for all together."""
    database_content: bool = False


def request_logging(settings: Settings) -> RequestLogging:
    """Return how requests of a stack are recorded."""
    return RequestLogging(
        callbacks=tuple(_callbacks(settings)),
        content=settings.request_logging.logs_content,
        database_content=settings.request_logging.database.content,
    )


def _callbacks(settings: Settings) -> Iterator[str]:
    logging = settings.request_logging
    yield "prometheus"
    if settings.session_metadata.enabled:
        yield "proxy_hooks.session_metadata.hook"
    for module, used in (
        ("database_log", True),
        ("s3_log", True),
        ("langfuse_log", logging.langfuse),
        ("langsmith_log", logging.langsmith),
        ("opentelemetry_log", logging.open_telemetry),
    ):
        if used:
            yield f"proxy_hooks.{module}.sink"


def hook_settings(settings: Settings) -> HookSettings:
    """Return what the callbacks are told."""
    logging, masking = settings.request_logging, settings.request_logging.masking
    kinds = {
        "emailAddresses": masking.email_addresses,
        "cardNumbers": masking.card_numbers,
        "phoneNumbers": masking.phone_numbers,
    }
    sinks = {
        "database": SinkSettings(content=logging.database.content),
        "s3": SinkSettings(content=logging.s3.content),
    }
    if logging.langfuse:
        sinks["langfuse"] = SinkSettings(
            content=logging.langfuse.content, outcomes=logging.langfuse.outcomes
        )
    if logging.langsmith:
        sinks["langsmith"] = SinkSettings(outcomes=logging.langsmith.outcomes)
    if logging.open_telemetry:
        sinks["openTelemetry"] = SinkSettings(outcomes=logging.open_telemetry.outcomes)
    return HookSettings(
        session_keys=session_keys(settings),
        error_texts=logging.error_texts,
        masked=tuple(kind for kind, masked in kinds.items() if masked),
        patterns=masking.patterns,
        sinks=sinks,
    )


def hook_files(settings: Settings) -> dict[str, str]:
    """Return the ConfigMap's files beside ``config.yaml``."""
    folder = PROJECT_ROOT / "proxy_hooks"
    modules = {name: (folder / name).read_text(encoding="utf-8") for name in HOOK_FILES}
    return {**modules, HOOK_SETTINGS: hook_settings(settings).to_json()}


def sink_environment(logging: RequestLoggingSettings) -> dict[str, str]:
    """Return the variables that LiteLLM's loggers read their addresses from; none is a secret."""
    environment = {}
    if logging.langfuse:
        environment["LANGFUSE_HOST"] = logging.langfuse.host
    if logging.langsmith:
        environment["LANGSMITH_PROJECT"] = logging.langsmith.project
        environment["LANGSMITH_BASE_URL"] = logging.langsmith.host
    if logging.open_telemetry:
        environment |= {
            "OTEL_EXPORTER_OTLP_PROTOCOL": logging.open_telemetry.protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": logging.open_telemetry.endpoint,
            "OTEL_SERVICE_NAME": "litellm-gateway",
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "NO_CONTENT",
        }
    return environment


def sink_ports(logging: RequestLoggingSettings) -> tuple[int, ...]:
    """Return the ports that pods need for their sinks, beside that of HTTPS."""
    return tuple(sorted({port for port in _ports(logging) if port != _HTTPS_PORT}))


def _ports(logging: RequestLoggingSettings) -> Iterator[int]:
    hosts = []
    if logging.langfuse:
        hosts.append(logging.langfuse.host)
    if logging.langsmith:
        hosts.append(logging.langsmith.host)
    if logging.open_telemetry:
        hosts.append(logging.open_telemetry.endpoint)
    for host in hosts:
        address = urlsplit(host)
        yield address.port or _PORTS[address.scheme]
