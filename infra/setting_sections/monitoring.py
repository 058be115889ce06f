"""What is watched, who is told, what is kept of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Arn, Section

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
# The values that CloudWatch Logs takes, up to ten years:
# docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogRetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip
Percent = Annotated[int, Field(ge=1, le=100)]


class AlarmThresholds(Section):
    """From which figure on an alarm tells. Each is a value that a healthy stack stays away from."""

    load_balancer_errors: int = Field(
        default=10, ge=1, description="Answers 5xx of the load balancer itself in five minutes."
    )
    gateway_errors: int = Field(
        default=20, ge=1, description="Answers 5xx of the pods in five minutes."
    )
    latency_seconds: float = Field(
        default=60,
        gt=0,
        description="90th percentile of the time until a pod begins to answer, over 15 minutes.",
    )
    pod_restarts: int = Field(
        default=3, ge=1, description="Restarts of the gateway's containers in 15 minutes."
    )
    provider_error_percent: Percent = Field(
        default=25, description="Failed calls to providers in five minutes."
    )
    provider_minimum_calls: int = Field(
        default=20,
        ge=1,
        description="Calls in five minutes below which no share of failures is judged.",
    )
    deployment_cooldowns: int = Field(
        default=3,
        ge=1,
        description="Times in five minutes that the router takes a failing deployment of a model "
        "out, quotas aside; it comes back after `routing.cooldown.seconds`.",
    )
    daily_spend_usd: float = Field(
        default=200, gt=0, description="Spend of all teams in a day, USD, as the gateway counts it."
    )
    remaining_team_budget_usd: float = Field(
        default=5, ge=0, description="What the poorest team with a budget has left, USD."
    )
    database_cpu_percent: Percent = Field(default=80, description="CPU of the database.")
    database_connection_percent: Percent = Field(
        default=80, description="Connections, of those that the database's class allows."
    )
    database_free_storage_percent: Percent = Field(
        default=8,
        description="Free storage, of `database.storageGib`; autoscaling should act at 10.",
    )
    replica_lag_seconds: int = Field(
        default=60, ge=1, description="How far a replica of the database or cache is behind."
    )
    cache_memory_percent: Percent = Field(default=80, description="Memory of a cache node.")
    cache_cpu_percent: Percent = Field(
        default=90, description="CPU of a cache node's engine, which is one thread."
    )
    cache_evictions: int = Field(
        default=100, ge=1, description="Keys that a cache node evicts in five minutes."
    )
    certificate_days: int = Field(
        default=30, ge=1, description="Days until the certificate expires; ACM renews at 60."
    )


class MonitoringSettings(Section):
    alarm_emails: tuple[Email, ...] = Field(
        default=(), description="Who gets alarms by e-mail; each address confirms once."
    )
    alarm_topic_arns: tuple[Arn, ...] = Field(
        default=(),
        max_length=4,
        description="Further SNS topics of the same region that alarms and the bundled "
        "Alertmanager notify, at most 4. Of one with a key of its own, the key's policy lets "
        "CloudWatch and the role `…-alertmanager` use it.",
    )
    log_retention_days: LogRetentionDays = Field(
        default=90, description="Days that container logs stay in CloudWatch."
    )
    thresholds: AlarmThresholds = Field(
        default_factory=AlarmThresholds, description="From which figures on alarms tell."
    )


class AuditSettings(Section):
    enabled: bool = Field(
        default=True,
        description="Record and watch who reads secrets and calls Bedrock, with a trail or with "
        "an organisation's.",
    )
    organization_trail_log_group: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._/#-]{1,512}$",
        description="Log group of this account and region that gets an organisation's trail; "
        "set, the stack makes no trail of its own and watches this one.",
    )
    retention_days: int = Field(
        default=365, ge=90, description="Days that the trail's files stay in their bucket."
    )
    log_retention_days: LogRetentionDays = Field(
        default=30, description="Days that the trail's events stay in CloudWatch."
    )
    object_lock_days: int | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="Days in which nobody, root included, can delete a file of the trail (S3 "
        "Object Lock, compliance mode); unset: off. Only a new bucket takes it up.",
    )
    trusted_reader_arns: tuple[Arn, ...] = Field(
        default=(),
        # With the longest names they fill what CloudWatch takes of a filter's pattern.
        max_length=2,
        description="Roles or users whose reads of the master key raise no alarm, beside External "
        "Secrets, the deployer and GitHub's deploy role, at most 2.",
    )

    @model_validator(mode="after")
    def _files_can_expire(self) -> Self:
        if self.object_lock_days is not None and self.object_lock_days > self.retention_days:
            raise ValueError(
                f"objectLockDays {self.object_lock_days} exceeds retentionDays "
                f"{self.retention_days}: files would be locked when they are to expire"
            )
        return self


class BudgetSettings(Section):
    bedrock_monthly_usd: float | None = Field(
        default=500,
        gt=0,
        description="Monthly budget of the account's Bedrock spend, USD; unset: none.",
    )
    services: tuple[str, ...] = Field(
        default=(),
        description="Further services that count, as Cost Explorer calls them; Amazon Bedrock "
        "and the Claude models of the catalogue are there already.",
    )
