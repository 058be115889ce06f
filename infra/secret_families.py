"""The families of secrets: what each holds and under which environment variables pods see it.

A family is one entry in Secrets Manager. Its epochs are versions of that entry, and each epoch has
a Kubernetes Secret of its own, named ``<family>-<epoch>``.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.providers import SUPPLIED_CREDENTIALS, endpoint_of, endpoint_variable


@dataclass(frozen=True, kw_only=True)
class SecretFamily:
    """One family: its name in paths and its reader's variable for each field of its value."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    rotates: bool = True
    other_fields: tuple[str, ...] = ()
    """Fields of its value that no pod is given."""
    reader: Literal["gateway", "grafana"] = "gateway"
    """Whose pods read it: its Secrets exist in their namespace and in no other."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields of its value."""
        return *self.environment, *self.other_fields

    def secret_name(self, epoch: int) -> str:
        """Name of the Kubernetes Secret that holds an epoch."""
        return f"{self.name}-{epoch}"

    def version_label(self, epoch: int) -> str:
        """Staging label that keeps an epoch's version from being purged by Secrets Manager."""
        return f"epoch-{epoch}"


MASTER_KEY = SecretFamily(name="master-key", environment={"key": "LITELLM_MASTER_KEY"})
SALT_KEY = SecretFamily(name="salt-key", environment={"key": "LITELLM_SALT_KEY"}, rotates=False)
DATABASE = SecretFamily(name="database", environment={"password": "DATABASE_PASSWORD"})
CACHE = SecretFamily(name="cache", environment={"password": "REDIS_PASSWORD"})
DRAIN_TOKEN = SecretFamily(name="drain-token", environment={"token": "DRAIN_TOKEN"})
UI_PASSWORD = SecretFamily(
    name="ui-password", environment={"username": "UI_USERNAME", "password": "UI_PASSWORD"}
)
GRAFANA_ADMIN = SecretFamily(name="grafana-admin", reader="grafana")

# Key in `rotation` of each family whose values are generated anew.
GENERATED: dict[str, SecretFamily] = {
    "masterKey": MASTER_KEY,
    "database": DATABASE,
    "cache": CACHE,
    "drainToken": DRAIN_TOKEN,
    "uiPassword": UI_PASSWORD,
    "grafanaAdmin": GRAFANA_ADMIN,
}


def kebab(key: str) -> str:
    """Return a setting's key as a name has it: ``masterKey`` → ``master-key``."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in key)


# Families whose values a person supplies: key in `suppliedSecrets` → family. The variables of the
# integrations are those that LiteLLM 1.106.2 reads, Grafana's are named by its configuration.
SUPPLIED: dict[str, SecretFamily] = {
    key: SecretFamily(name=f"provider-{kebab(key)}", environment=environment)
    for key, environment in SUPPLIED_CREDENTIALS.items()
} | {
    "signInClient": SecretFamily(
        name="sign-in-client", environment={"clientSecret": "GENERIC_CLIENT_SECRET"}
    ),
    "loadBalancerClient": SecretFamily(name="load-balancer-client", other_fields=("clientSecret",)),
    "grafanaClient": SecretFamily(
        name="grafana-client",
        environment={
            "clientId": "GF_AUTH_GENERIC_OAUTH_CLIENT_ID",
            "clientSecret": "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET",
        },
        reader="grafana",
    ),
    "langfuse": SecretFamily(
        name="langfuse",
        environment={"publicKey": "LANGFUSE_PUBLIC_KEY", "secretKey": "LANGFUSE_SECRET_KEY"},
    ),
    "langsmith": SecretFamily(name="langsmith", environment={"apiKey": "LANGSMITH_API_KEY"}),
    "openTelemetry": SecretFamily(
        name="open-telemetry", environment={"headers": "OTEL_EXPORTER_OTLP_HEADERS"}
    ),
    "slackWebhook": SecretFamily(name="slack-webhook", environment={"url": "SLACK_WEBHOOK_URL"}),
    "alertWebhook": SecretFamily(name="alert-webhook", environment={"url": "WEBHOOK_URL"}),
    "smtp": SecretFamily(name="smtp", environment={"password": "SMTP_PASSWORD"}),
    "license": SecretFamily(name="license", environment={"key": "LITELLM_LICENSE"}),
}


def supplied_family(key: str) -> SecretFamily | None:
    """Return the family of a key in `suppliedSecrets`; None if there is none of that name."""
    if endpoint := endpoint_of(key):
        return SecretFamily(name=key, environment={"apiKey": endpoint_variable(endpoint)})
    return SUPPLIED.get(key)


def kept_epochs(epoch: int) -> tuple[int, ...]:
    """Return the epochs that exist while ``epoch`` is the newest: the one before it, and itself.

    The previous one stays until the next rotation, so that old pods can restart and a roll-back
    is no more than a name.
    """
    return tuple(range(max(1, epoch - 1), epoch + 1))


def database_user(epoch: int) -> str:
    """Name of the database user that an epoch writes: the two take turns."""
    return "litellm_a" if epoch % 2 else "litellm_b"


def content_hash(*texts: str) -> str:
    """Ten hexadecimal digits that name a content, for objects that are replaced, not changed."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:10]
