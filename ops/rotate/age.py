"""How old each secret is, and which is overdue by the stack's policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.settings import Settings
from ops.deployments.deployment import Deployment, DeploymentError
from ops.rotate.families import RotatingFamily, families_in_use


@dataclass(frozen=True, kw_only=True)
class RotationAge:
    """Since when the serving epoch of a family exists.

    ``days`` are whole ones; ``limit_days`` is None where the policy sets none.
    """

    family: str
    epoch: int
    since: datetime
    days: int
    limit_days: int | None

    @property
    def overdue(self) -> bool:
        """Whether the secret has served for longer than the policy allows."""
        return self.limit_days is not None and self.days > self.limit_days


def rotation_ages(deployment: Deployment, now: datetime | None = None) -> list[RotationAge]:
    """Return the age of every family in use, the oldest first.

    It counts from the day on which Secrets Manager got the serving version, whose staging label
    names its epoch. Raises DeploymentError where a serving epoch has no version.
    """
    names = deployment.outputs()["secretNames"]
    if not isinstance(names, Mapping):
        raise DeploymentError("the stack has no output secretNames; bring it up first")
    client = deployment.aws("secretsmanager")
    return ages_of(deployment.settings(), names, client, now or datetime.now(UTC))


def ages_of(
    settings: Settings, names: Mapping[str, object], client: Any, now: datetime
) -> list[RotationAge]:
    """Return the same of settings, entries by family, and a client of Secrets Manager."""
    ages = []
    for rotating in families_in_use(settings).values():
        since = version_date(client, str(names[rotating.family.name]), rotating)
        ages.append(
            RotationAge(
                family=rotating.name,
                epoch=rotating.serving,
                since=since,
                days=(now - since).days,
                limit_days=settings.rotation_policy.limit_days(
                    rotating.setting, supplied=rotating.supplied is not None
                ),
            )
        )
    return sorted(ages, key=lambda age: age.since)


def version_date(client: Any, secret: str, rotating: RotatingFamily) -> datetime:
    """Return when the version of a family's serving epoch was made."""
    label = rotating.family.version_label(rotating.serving)
    parameters: dict[str, str] = {"SecretId": secret}
    while True:
        page = client.list_secret_version_ids(**parameters)
        for version in page["Versions"]:
            if label in version.get("VersionStages", ()):
                return version["CreatedDate"].astimezone(UTC)
        if not page.get("NextToken"):
            raise DeploymentError(f"{secret} has no version with the staging label {label}")
        parameters["NextToken"] = page["NextToken"]
