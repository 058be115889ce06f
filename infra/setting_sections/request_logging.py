"""Where records of requests go, what they hold, and what of a caller's metadata is kept."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from infra.setting_sections.base import Section

Outcomes = Annotated[
    tuple[Literal["success", "failure"], ...],
    Field(min_length=1, max_length=2),
]
_OUTCOMES: Outcomes = ("success", "failure")
_OUTCOMES_MEANING = "Which requests are recorded: `success`, `failure` or both."

Host = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?$")]
# As LiteLLM takes them from headers and metadata; `x-` and hyphens make a header of one.
MetadataKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

# litellm/integrations/supabase.py, and failure_handler in litellm_logging.py, of 1.106.2.
_SUPABASE = (
    "supabase is not supported: LiteLLM installs its client with pip at the first request, which a "
    "read-only image refuses, and writes the prompts of failed requests whatever it is told; use "
    "s3 (queried by SQL), database or langfuse"
)


class DatabaseLogSettings(Section):
    content: bool = Field(
        default=False,
        description="Write prompts and answers to the spend rows, where the admin UI shows them. "
        "They stay for `gateway.spendLogRetentionDays`, and are in every backup of the database.",
    )
    archive_content: bool = Field(
        default=False,
        description="Whether prompts and answers may go on to the archive of spend rows, which "
        "keeps them for `spendArchive.retentionDays`.",
    )


class S3LogSettings(Section):
    content: bool = Field(
        default=False,
        description="Write prompts and answers to the log objects, and so to the table `requests`. "
        "They stay for `logStorage.retentionDays` (and `objectLockDays`), encrypted with the logs' "
        "key. Metadata goes there always, of successful and failed requests.",
    )


class LangfuseSettings(Section):
    host: Host = Field(
        description="Langfuse's server; one of your own must be 3.63.0 or newer. Its keys are "
        "`suppliedSecrets.langfuse`."
    )
    content: bool = Field(
        default=False,
        description="Send prompts and answers to Langfuse. They leave this account, and stay for "
        "as long as the Langfuse project is set to keep them.",
    )
    outcomes: Outcomes = Field(default=_OUTCOMES, description=_OUTCOMES_MEANING)


class LangSmithSettings(Section):
    project: str = Field(
        min_length=1,
        description="LangSmith's project, which gets metadata alone. Its key is "
        "`suppliedSecrets.langsmith`.",
    )
    host: Host = Field(default="https://api.smith.langchain.com", description="LangSmith's server.")
    outcomes: Outcomes = Field(default=_OUTCOMES, description=_OUTCOMES_MEANING)


class OpenTelemetrySettings(Section):
    endpoint: Host = Field(description="Collector of traces, which gets metadata alone.")
    protocol: Literal["otlp_http", "otlp_grpc"] = Field(
        default="otlp_http", description="How the collector is spoken to."
    )
    headers: bool = Field(
        default=False,
        description="Send the headers of `suppliedSecrets.openTelemetry`, such as an API key's.",
    )
    outcomes: Outcomes = Field(default=_OUTCOMES, description=_OUTCOMES_MEANING)


def _pattern(value: str) -> str:
    try:
        compiled = re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression of Python: {error}") from error
    if compiled.search(""):
        raise ValueError("matches the empty text, and so would be put between all characters")
    return value


class MaskingSettings(Section):
    email_addresses: bool = Field(default=True, description="Mask e-mail addresses.")
    phone_numbers: bool = Field(
        default=True,
        description="Mask telephone numbers: international, North American, or with a leading 0.",
    )
    card_numbers: bool = Field(
        default=True, description="Mask numbers of payment cards, by their check digit."
    )
    patterns: dict[MetadataKey, Annotated[str, AfterValidator(_pattern)]] = Field(
        default_factory=dict,
        description="Further regular expressions to mask, by the name that takes their place. They "
        "run over every logged text, so that a slow one slows the proxy.",
    )


class RequestLoggingSettings(Section):
    """Metadata goes to every place that is on, content to those whose ``content`` is true."""

    database: DatabaseLogSettings = Field(
        default_factory=DatabaseLogSettings, description="Spend rows in PostgreSQL; always on."
    )
    s3: S3LogSettings = Field(
        default_factory=S3LogSettings, description="Objects in the log bucket; always on."
    )
    langfuse: LangfuseSettings | None = Field(default=None, description="Langfuse; unset: off.")
    langsmith: LangSmithSettings | None = Field(default=None, description="LangSmith; unset: off.")
    open_telemetry: OpenTelemetrySettings | None = Field(
        default=None, description="OpenTelemetry; unset: off."
    )
    error_texts: bool = Field(
        default=False,
        description="Record texts of errors everywhere. They may repeat parts of a prompt; "
        "otherwise they go where content goes, and class and code of an error everywhere.",
    )
    masking: MaskingSettings = Field(
        default_factory=MaskingSettings,
        description="Personal data that is masked in logged content, never in what models get.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_supabase(cls, given: Any) -> Any:
        if isinstance(given, dict) and "supabase" in given:
            raise ValueError(_SUPABASE)
        return given

    @property
    def logs_content(self) -> bool:
        """Whether any place gets prompts and answers."""
        return (
            self.database.content
            or self.s3.content
            or (self.langfuse is not None and self.langfuse.content)
        )


class SessionMetadataSettings(Section):
    enabled: bool = Field(
        default=True,
        description="Keep `session_id`, `agent_name`, `conversation_name` and `workspace_id` of "
        "requests and keys in spend rows and log objects.",
    )
    keys: tuple[MetadataKey, ...] = Field(
        default=(), max_length=20, description="Further names of metadata to keep."
    )
