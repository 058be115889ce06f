"""Secrets, their epochs and how old they may get."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Epoch, Section
from infra.suggestions import unknown

_OF_PROVIDERS = "providers."

Days = Annotated[int, Field(ge=1, le=3650)]


SALT_KEY_REASON = (
    "the salt key encrypts the credentials and keys that are stored in the database, and LiteLLM "
    "could not read them with another one. It is made once and never rotates"
)


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
    adopt_names: dict[str, str] = Field(
        default_factory=dict,
        description="Name of an adopted entry, by family such as `salt-key`, where it is not "
        "`litellm/<stack>/<family>`: the names of a disposable stack's entries end in a suffix.",
    )

    @model_validator(mode="after")
    def _something_is_adopted(self) -> Self:
        if "adopt" in (self.salt_key, self.supplied):
            return self
        given = {"adoptFrom": self.adopt_from, "adoptNames": ", ".join(self.adopt_names)}
        for key, value in given.items():
            if value:
                raise ValueError(
                    f"{key} {value} has nothing to adopt; set saltKey or supplied to adopt, or "
                    "leave it out"
                )
        return self


class RotationSettings(Section):
    """The newest epoch of each secret family. Raising one is a rotation."""

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
    rolled_back: tuple[str, ...] = Field(
        default=(),
        description="Families, by their keys in this section such as `masterKey` or "
        "`providers.anthropic`, of which the epoch before the newest serves: `ops rotate "
        "--rollback` writes them here.",
    )

    @model_validator(mode="after")
    def _an_earlier_epoch_serves(self) -> Self:
        for key in self.rolled_back:
            if not key.startswith(_OF_PROVIDERS) and key not in self.family_keys():
                raise ValueError(f"rolledBack: {unknown('family', key, self.family_keys())}")
            if self.newest(key) == 1:
                raise ValueError(
                    f"rolledBack: {key} is at epoch 1, which has none before it; leave it out"
                )
        return self

    @classmethod
    def family_keys(cls) -> tuple[str, ...]:
        """Return the keys of the families that are no provider's."""
        return tuple(
            field.alias or name
            for name, field in cls.model_fields.items()
            if name not in ("providers", "rolled_back")
        )

    def newest(self, key: str) -> int:
        """Return the newest epoch of a family; KeyError for a key that is none's."""
        if key.startswith(_OF_PROVIDERS):
            return self.providers.get(key.removeprefix(_OF_PROVIDERS), 1)
        for name, field in type(self).model_fields.items():
            if key == (field.alias or name) and key in self.family_keys():
                return getattr(self, name)
        raise KeyError(key)

    def serving(self, key: str) -> int:
        """Return the epoch that pods have: the newest, or the one before it."""
        return self.newest(key) - (key in self.rolled_back)


class RotationPolicySettings(Section):
    """After how many days a secret is overdue; unset: never.

    90 is the default of AWS Config's rule, which Security Hub's SecretsManager.4 uses:
    docs.aws.amazon.com/config/latest/developerguide/secretsmanager-secret-periodic-rotation.html
    """

    master_key_days: Days | None = Field(
        default=90, description="Days that an admin key may serve."
    )
    generated_days: Days | None = Field(
        default=90,
        description="Days that any other generated secret may serve: of database, cache, drain "
        "endpoint, admin UI and Grafana.",
    )
    supplied_days: Days | None = Field(
        default=90, description="Days that a supplied secret, such as a provider's, may serve."
    )

    def limit_days(self, setting: str, *, supplied: bool) -> int | None:
        """Return the days that a family, by its key in `rotation`, may serve; None: any number."""
        if supplied:
            return self.supplied_days
        return self.master_key_days if setting == "masterKey" else self.generated_days
