"""Whom the proxy tells of budgets, outages and slow answers, and how."""

from typing import Annotated, Literal

from pydantic import Field

from infra.setting_sections.base import Cidr, Section
from infra.setting_sections.limits import Usd
from infra.setting_sections.monitoring import Email

# AlertType in litellm/types/integrations/slack_alerting.py of 1.106.2.
AlertType = Literal[
    "budget_alerts", "cooldown_deployment", "daily_reports", "db_exceptions",
    "failed_tracking_spend", "fallback_reports", "internal_user_deleted", "internal_user_updated",
    "llm_exceptions", "llm_requests_hanging", "llm_too_slow", "mcp_pinned_tools_changed",
    "mcp_tool_description_blocked", "model_deprecation_warnings", "new_internal_user_created",
    "new_model_added", "new_team_created", "new_virtual_key_created", "outage_alerts",
    "region_outage_alerts", "spend_reports", "team_deleted", "team_updated",
    "user_spend_anomalies", "user_spend_thresholds", "virtual_key_deleted", "virtual_key_updated",
]  # fmt: skip
SharePercent = Annotated[int, Field(ge=1, le=100)]


class EmailSettings(Section):
    """A server that takes mail; its password, if it wants one, is the secret family ``smtp``."""

    host: str = Field(
        pattern=r"^[a-z0-9.-]+$",
        description="Server, such as `email-smtp.us-east-1.amazonaws.com`.",
    )
    port: int = Field(default=587, ge=1, le=65535, description="Port of the server.")
    networks: tuple[Cidr, ...] = Field(
        default=("0.0.0.0/0",),
        min_length=1,
        description="Networks that the server is in, for the pods' network policy.",
    )
    start_tls: bool = Field(
        default=True, description="Encrypt with STARTTLS; port 465 is encrypted from the start."
    )
    username: str | None = Field(
        default=None,
        min_length=1,
        description="User, whose password is supplied as `smtp`; unset: no sign-in.",
    )
    sender: Email = Field(description="Address that the messages come from.")
    budget_shares: dict[SharePercent, tuple[Email, ...]] = Field(
        default_factory=dict,
        description="Per cent of a key's budget → who is told of it, beside the key's owner.",
    )


class AlertingSettings(Section):
    """The ways of telling; each secret one needs its entry in ``suppliedSecrets``."""

    slack: bool = Field(
        default=False,
        description="Tell a Slack webhook (`slackWebhook`) of everything in `types`.",
    )
    webhook: bool = Field(
        default=False,
        description="Send budget alerts as JSON to a URL (`alertWebhook`), https at port 443.",
    )
    email: EmailSettings | None = Field(
        default=None, description="Send budget alerts by e-mail, instead of the other two."
    )
    types: tuple[AlertType, ...] = Field(
        default=(
            "budget_alerts",
            "user_spend_thresholds",
            "failed_tracking_spend",
            "db_exceptions",
            "outage_alerts",
            "region_outage_alerts",
            "llm_requests_hanging",
            "model_deprecation_warnings",
        ),
        min_length=1,
        description="What is told, in LiteLLM's own words.",
    )
    slow_seconds: int = Field(
        default=300, ge=1, description="After how many seconds an answer counts as slow or hanging."
    )
    repeat_hours: int = Field(
        default=24, ge=1, description="Hours in which the same budget alert is not told again."
    )
    user_daily_usd: Usd | None = Field(
        default=None, description="Spend of a user in a day that Slack is told of, USD."
    )
    user_monthly_usd: Usd | None = Field(
        default=None, description="Spend of a user in a calendar month that Slack is told of, USD."
    )

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways that are on, in LiteLLM's own words."""
        on = {"slack": self.slack, "webhook": self.webhook, "email": self.email is not None}
        return tuple(way for way, is_on in on.items() if is_on)
