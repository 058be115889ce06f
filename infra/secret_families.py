"""The families of secrets: what each holds and under which environment variables pods see it.

A family is one entry in Secrets Manager. Its epochs are versions of that entry, and each epoch has
a Kubernetes Secret of its own, named ``<family>-<epoch>``.
"""

import hashlib
from dataclasses import dataclass, field

from infra.model_catalogue import PROVIDERS


@dataclass(frozen=True, kw_only=True)
class SecretFamily:
    """One family: its name in paths and the proxy's variable for each field of its value."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    rotates: bool = True
    other_fields: tuple[str, ...] = ()
    """Fields of its value that no pod is given."""

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

# Families whose values a person supplies: key in `suppliedSecrets` → family. The variables of the
# integrations are those that LiteLLM 1.106.2 reads.
SUPPLIED: dict[str, SecretFamily] = {
    name: SecretFamily(name=f"provider-{name}", environment=provider.credentials)
    for name, provider in PROVIDERS.items()
    if provider.credentials
} | {
    "signInClient": SecretFamily(
        name="sign-in-client", environment={"clientSecret": "GENERIC_CLIENT_SECRET"}
    ),
    "loadBalancerClient": SecretFamily(name="load-balancer-client", other_fields=("clientSecret",)),
    "langfuse": SecretFamily(
        name="langfuse",
        environment={"publicKey": "LANGFUSE_PUBLIC_KEY", "secretKey": "LANGFUSE_SECRET_KEY"},
    ),
    "slackWebhook": SecretFamily(name="slack-webhook", environment={"url": "SLACK_WEBHOOK_URL"}),
    "licence": SecretFamily(name="licence", environment={"key": "LITELLM_LICENSE"}),
}

SUPPLIED_FIELDS = {
    key: (*family.environment, *family.other_fields) for key, family in SUPPLIED.items()
}


def kept_epochs(epoch: int) -> tuple[int, ...]:
    """Return the epochs that exist while ``epoch`` serves: the one before it, and itself.

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
