"""What the estimate assumes about use: settings of the command, with defaults for each stack."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, ValidationError

FILE = Path(__file__).with_name("usage.yaml")
DAYS_PER_MONTH = 365 / 12
_KILOBYTES_PER_GB = 1_000_000


class UsageError(Exception):
    """A key or value that no assumption has."""


class Usage(BaseModel):
    """Assumptions of one stack, a month each unless the name says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests_per_day: NonNegativeFloat = Field(description="Calls of the gateway.")
    request_kilobytes: NonNegativeFloat = Field(description="Body of a call: prompt and files.")
    response_kilobytes: NonNegativeFloat = Field(description="Streamed bytes of an answer.")
    stream_seconds: NonNegativeFloat = Field(description="How long an answer takes.")
    cached_share: float = Field(
        default=0.0, ge=0, le=1, description="Answers from the cache, which call no provider."
    )
    log_kilobytes_per_request: NonNegativeFloat = Field(
        default=12, description="Record of a call in the log bucket, as measured."
    )
    requests_per_log_object: float = Field(
        default=5, ge=1, description="Records that one flush writes as one object."
    )
    months_in_service: NonNegativeFloat = Field(
        description="Age of the stack: logs gather until they expire."
    )
    average_replicas: NonNegativeFloat | None = Field(
        default=None, description="Pods on average; unset: the least number that is configured."
    )
    rollouts_per_month: NonNegativeFloat = Field(
        description="Updates, each of which needs room for one more pod and its image."
    )
    rollout_hours: NonNegativeFloat = Field(
        default=0.5, description="How long the extra node of an update stays."
    )
    node_launches_per_month: NonNegativeFloat = Field(
        default=5,
        description="Launches of a node: Auto Mode has a new image about each week, and nodes "
        "expire after 14 days.",
    )
    image_gigabytes: NonNegativeFloat = Field(
        default=1.5, description="What a node pulls before the first pod starts."
    )
    zones_apart_share: float = Field(
        default=2 / 3, ge=0, le=1, description="Traffic that crosses zones, where there are three."
    )
    store_kilobytes_per_request: NonNegativeFloat = Field(
        default=20, description="Traffic of a call with database and cache."
    )
    database_change_gib_per_month: NonNegativeFloat = Field(
        description="Rows that change; backups and copies in another region grow by them."
    )
    enhanced_monitoring_gib: NonNegativeFloat = Field(
        default=0.5, description="Operating-system metrics of a database at 60 seconds."
    )
    control_plane_log_gib: NonNegativeFloat = Field(description="Logs of the Kubernetes API.")
    log_group_gib: NonNegativeFloat = Field(description="Ingestion of every other log group.")
    bucket_gigabytes: NonNegativeFloat = Field(
        default=2, description="Content of every bucket but the one of request logs."
    )
    kms_requests_per_month: NonNegativeFloat = Field(description="Calls of all keys together.")
    secret_reads_per_month: NonNegativeFloat = Field(
        default=45_000,
        description="Calls of Secrets Manager: the database's own secret is followed each minute.",
    )
    notifications_per_month: NonNegativeFloat = Field(description="Mails of alarms.")
    agent_metrics: NonNegativeFloat = Field(
        description="Custom metrics that an agent or a metric filter with dimensions publishes."
    )
    container_insights_series: NonNegativeFloat = Field(
        description="Metrics of cluster, nodes, pods and containers that Container Insights takes "
        "each minute: about 30 for a node or a pod and 12 for a container."
    )
    management_events_per_month: NonNegativeFloat = Field(
        default=0, description="Of a second trail; the first copy is free."
    )
    data_events_per_month: NonNegativeFloat = Field(default=0, description="Of CloudTrail.")
    athena_terabytes: NonNegativeFloat = Field(description="Scanned by queries.")
    million_dns_queries: NonNegativeFloat = Field(default=0.5, description="Of a hosted zone.")

    @property
    def requests(self) -> float:
        """Calls in a month."""
        return self.requests_per_day * DAYS_PER_MONTH

    @property
    def provider_gigabytes(self) -> float:
        """Traffic with providers in a month, both directions."""
        each = self.request_kilobytes + self.response_kilobytes
        return self.requests * (1 - self.cached_share) * each / _KILOBYTES_PER_GB

    @property
    def caller_gigabytes(self) -> float:
        """Traffic through the load balancer in a month, both directions."""
        each = self.request_kilobytes + self.response_kilobytes
        return self.requests * each / _KILOBYTES_PER_GB

    @property
    def store_gigabytes(self) -> float:
        """Traffic with database and cache in a month."""
        return self.requests * self.store_kilobytes_per_request / _KILOBYTES_PER_GB

    @property
    def log_gigabytes(self) -> float:
        """What a month adds to the log bucket."""
        return self.requests * self.log_kilobytes_per_request / _KILOBYTES_PER_GB

    @property
    def log_objects(self) -> float:
        """Objects that a month adds to the log bucket."""
        return self.requests / self.requests_per_log_object


def load_usage(stack: str, changes: Mapping[str, str], file: Path = FILE) -> Usage:
    """Return the assumptions of a stack; one that has none of its own takes those of ``dev``.

    Raises :class:`UsageError` with the key, the value and the keys there are.
    """
    document = yaml.safe_load(file.read_text())
    values: dict[str, Any] = {**document.get(stack, document["dev"]), **changes}
    try:
        return Usage.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{detail['loc'][0]}={detail['input']!r}: {_reason(detail)}"
            for detail in error.errors()
        )
        raise UsageError(f"--usage {problems}") from error


def _reason(detail: Mapping[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"unknown; known are {', '.join(sorted(Usage.model_fields))}"
    return str(detail["msg"]).lower()
