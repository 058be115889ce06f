"""Secrets and their epochs."""

from typing import Literal

from pydantic import Field

from infra.setting_sections.base import Epoch, Section


class SecretsSettings(Section):
    salt_key: Literal["create", "adopt"] = Field(
        default="create",
        description="`adopt` takes over the salt key that an earlier stack or a replica left "
        "under the same name.",
    )


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
    sso_client: Epoch = Field(default=1, description="OIDC client of the admin UI.")
    langfuse: Epoch = Field(default=1, description="Langfuse's key pair.")
    slack_webhook: Epoch = Field(default=1, description="Webhook for alerts.")
    licence: Epoch = Field(default=1, description="LiteLLM Enterprise licence.")
