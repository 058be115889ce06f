"""How old secrets are, read from a Secrets Manager that has old versions."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from filter_patterns import matches
from moto.core import DEFAULT_ACCOUNT_ID
from moto.secretsmanager.models import secretsmanager_backends
from moto_client import client
from recorded_program import Registered, run_program, stack_configuration
from test_log_filters import shipped
from test_program import of_type
from test_settings import settings_of

from archiver import secret_ages
from infra.cloudwatch_metrics import OVERDUE_SECRETS
from infra.log_filters import AGES_CONTAINER, container_log_filters
from infra.secret_ages import age_limits
from infra.settings import Settings
from ops.deployments.deployment import DeploymentError
from ops.rotate.age import RotationAge, rotation_ages
from ops.rotate.families import families_in_use
from sandbox.providers.aws import local_moto


@pytest.fixture(scope="module")
def dev() -> list[Registered]:
    return run_program("dev", stack_configuration("dev"))


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class StoredSecrets:
    """A stack of which nothing runs but Secrets Manager, with a version for each kept epoch."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prefix = f"ages-{secrets.token_hex(4)}"
        for rotating in families_in_use(self.settings()).values():
            name = self.names[rotating.family.name] = f"{prefix}/{rotating.family.name}"
            client("secretsmanager").create_secret(Name=name)
            for epoch in range(max(1, rotating.newest - 1), rotating.newest + 1):
                client("secretsmanager").put_secret_value(
                    SecretId=name, SecretString="{}", VersionStages=[f"epoch-{epoch}"]
                )
                self.age(rotating.family.name, epoch, days=1)

    def age(self, family: str, epoch: int, days: int) -> None:
        """Have an epoch's version be of so many days before NOW."""
        self.made(family, epoch, NOW - timedelta(days=days))

    def made(self, family: str, epoch: int, date: datetime) -> None:
        """Have an epoch's version be of a date."""
        backend = secretsmanager_backends[DEFAULT_ACCOUNT_ID]["us-east-1"]
        (version,) = [
            version
            for version in backend.secrets[self.names[family]].versions.values()
            if f"epoch-{epoch}" in version["version_stages"]
        ]
        version["createdate"] = int(date.timestamp())

    def settings(self) -> Settings:
        return settings_of("dev", dict(self.changes))

    def outputs(self) -> Mapping[str, object]:
        return {"secretNames": self.names}

    def aws(self, service: str) -> Any:
        return client(service)


def ages_of(stack: Any) -> dict[str, RotationAge]:
    return {age.family: age for age in rotation_ages(stack, NOW)}


def test_every_family_in_use_has_an_age_and_the_oldest_comes_first() -> None:
    stack: Any = StoredSecrets()
    stack.age("cache", 1, days=30)
    ages = rotation_ages(stack, NOW)
    assert ages[0].family == "cache"
    assert {age.family for age in ages} == {
        *("master-key", "database", "cache", "drain-token", "grafana-admin")
    }


@pytest.mark.parametrize(("days", "overdue"), [(90, False), (91, True)])
def test_a_master_key_is_overdue_after_ninety_days(days: int, overdue: bool) -> None:
    stack = StoredSecrets()
    stack.age("master-key", 1, days=days)
    age = ages_of(stack)["master-key"]
    assert (age.days, age.limit_days, age.overdue) == (days, 90, overdue)


def test_a_rotation_makes_a_secret_young_again() -> None:
    stack = StoredSecrets({"rotation.masterKey": 3})
    stack.age("master-key", 2, days=200)
    age = ages_of(stack)["master-key"]
    assert (age.epoch, age.days, age.overdue) == (3, 1, False)


def test_of_a_family_that_is_rolled_back_the_age_is_that_of_the_epoch_which_serves() -> None:
    stack = StoredSecrets({"rotation.masterKey": 3, "rotation.rolledBack": ["masterKey"]})
    stack.age("master-key", 2, days=200)
    age = ages_of(stack)["master-key"]
    assert (age.epoch, age.days, age.overdue) == (2, 200, True)


def test_without_a_limit_nothing_is_overdue() -> None:
    stack = StoredSecrets({"rotationPolicy.generatedDays": None})
    stack.age("cache", 1, days=3000)
    assert not ages_of(stack)["cache"].overdue


def test_an_epoch_without_a_version_is_named() -> None:
    stack: Any = StoredSecrets()
    stack.changes = {"rotation.cache": 7}
    with pytest.raises(DeploymentError, match="no version with the staging label epoch-7"):
        rotation_ages(stack, NOW)


@pytest.fixture
def warned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[StoredSecrets], list[str]]:
    """Of which families the daily job's lines are counted, by the filter that the alarm is on."""
    (counting,) = [one for one in container_log_filters() if one.metric == OVERDUE_SECRETS]

    def run(stack: StoredSecrets) -> list[str]:
        watched = {
            family: {"secret": stack.names[family], **asdict(limit)}
            for family, limit in age_limits(stack.settings()).items()
        }
        for name, value in {
            **{"SECRETS": json.dumps(watched), "AWS_ENDPOINT_URL": local_moto.endpoint()},
            **{"AWS_DEFAULT_REGION": "us-east-1"},
            **{"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
        }.items():
            monkeypatch.setenv(name, value)
        secret_ages.main()
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == len(watched)
        return [
            line.split('"message": "')[1].split()[0]
            for line in lines
            if matches(counting.pattern, shipped(line, AGES_CONTAINER))
        ]

    return run


def test_the_daily_job_warns_of_a_secret_of_an_old_date_and_of_no_other(
    warned: Callable[[StoredSecrets], list[str]],
) -> None:
    stack = StoredSecrets()
    for family in stack.names:
        stack.made(family, 1, datetime.now(UTC) - timedelta(days=90))
    stack.made("master-key", 1, datetime.now(UTC) - timedelta(days=91))
    assert warned(stack) == ["master-key"]


def test_the_daily_job_warns_of_nothing_after_the_rotation(
    warned: Callable[[StoredSecrets], list[str]],
) -> None:
    stack = StoredSecrets({"rotation.masterKey": 2})
    for family in stack.names:
        for epoch in (1, 2) if family == "master-key" else (1,):
            stack.made(family, epoch, datetime.now(UTC) - timedelta(days=91 if epoch == 1 else 1))
    stack.changes = {"rotationPolicy.generatedDays": None}
    assert warned(stack) == []


def test_the_daily_job_goes_by_the_epoch_that_serves_after_a_roll_back(
    warned: Callable[[StoredSecrets], list[str]],
) -> None:
    stack = StoredSecrets({"rotation.cache": 2, "rotation.rolledBack": ["cache"]})
    for family in stack.names:
        stack.made(family, 2 if family == "cache" else 1, datetime.now(UTC))
    stack.made("cache", 1, datetime.now(UTC) - timedelta(days=100))
    assert warned(stack) == ["cache"]


def test_one_warning_is_an_alarm(dev: list[Registered]) -> None:
    (alarm,) = [r.inputs for r in of_type(dev, "MetricAlarm") if r.name == "rotation-overdue"]
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (
        1,
        "GreaterThanOrEqualToThreshold",
    )
    assert (alarm["metricName"], alarm["namespace"]) == (OVERDUE_SECRETS, "LiteLLM/dev")
    assert alarm["period"] == 86400
    assert alarm["alarmActions"]


def test_the_job_may_read_the_dates_of_the_stack_s_secrets_and_nothing_else(
    dev: list[Registered],
) -> None:
    (policy,) = [r for r in of_type(dev, "rolePolicy:RolePolicy") if r.name == "secret-ages"]
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Action"] == ["secretsmanager:ListSecretVersionIds"]
    assert not [arn for arn in statement["Resource"] if "*" in arn]
