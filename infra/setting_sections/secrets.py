"""Secrets and their epochs."""

from typing import Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Epoch, Section


class SecretsSettings(Section):
    salt_key: Literal["create", "adopt"] = Field(
        default="create",
        description="`adopt` takes over the salt key that an earlier stack or a replica left "
        "under the same name.",
    )
    supplied: Literal["configuration", "adopt"] = Field(
        default="configuration",
        description="`adopt` takes supplied values from the entries that an earlier stack or a "
        "replica left, at the epochs in `rotation`, instead of from `suppliedSecrets`.",
    )
    adopt_from: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]+$",
        description="Stack whose entries `adopt` takes over; unset: this stack's own name.",
    )

    @model_validator(mode="after")
    def _something_is_adopted(self) -> Self:
        if self.adopt_from and "adopt" not in (self.salt_key, self.supplied):
            raise ValueError(
                f"adoptFrom {self.adopt_from} has nothing to adopt; set saltKey or supplied to "
                "adopt, or leave it out"
            )
        return self


class RotationSettings(Section):
    """The epoch of each secret family. Raising one is a rotation."""

    master_key: Epoch = Field(default=1, description="Admin key of the proxy.")
    database: Epoch = Field(default=1, description="Password of the idle one of two users.")
    cache: Epoch = Field(default=1, description="Password of the cache's user.")
    drain_token: Epoch = Field(default=1, description="Token of the drain endpoint.")
    ui_password: Epoch = Field(default=1, description="Password of the admin UI.")
    providers: dict[str, Epoch] = Field(
        default_factory=dict,
        description="Epoch of each provider's credentials, by provider; its values are in "
        "`suppliedSecrets`.",
    )
    grafana_admin: Epoch = Field(default=1, description="Password of the bundled Grafana.")
    grafana_client: Epoch = Field(default=1, description="OIDC client of the bundled Grafana.")
    sign_in_client: Epoch = Field(
        default=1, description="Secret of the issuer's client with which the proxy signs in."
    )
    load_balancer_client: Epoch = Field(
        default=1, description="Secret of the issuer's client with which the balancer signs in."
    )
    langfuse: Epoch = Field(default=1, description="Langfuse's key pair.")
    langsmith: Epoch = Field(default=1, description="LangSmith's API key.")
    open_telemetry: Epoch = Field(default=1, description="Headers for the OpenTelemetry collector.")
    slack_webhook: Epoch = Field(default=1, description="Slack webhook for alerts.")
    alert_webhook: Epoch = Field(default=1, description="URL that gets budget alerts.")
    smtp: Epoch = Field(default=1, description="Password of the mail server's user.")
    license: Epoch = Field(default=1, description="Licence key of LiteLLM Enterprise.")
