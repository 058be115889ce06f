"""Secrets by epoch: a value, a version in Secrets Manager, a Kubernetes Secret.

Raising a family's epoch makes a new one of each and retires the one before the previous. Nothing
here holds a value in clear: values are secret outputs on their way into Secrets Manager, and pods
get them from Secrets that External Secrets has synced.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra import secret_families as families
from infra.durability import DurabilityPolicy
from infra.naming import Naming
from infra.secret_families import SecretFamily, kept_epochs
from infra.setting_rules import SUPPLIED_SECRETS_KEY
from infra.settings import Settings

Value = Mapping[str, pulumi.Input[str]]
Maker = Callable[[SecretFamily, int], Value]

# URL-safe, so that a password may stand in a connection string as it is.
_GENERATED_LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class StoredEpoch:
    """One epoch of a family as it stands in Secrets Manager."""

    family: SecretFamily
    epoch: int
    secret_name: pulumi.Output[str]
    version_id: pulumi.Output[str] | None
    """Version to pin; None for a secret that never gets a second one."""
    value: Value


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    naming: Naming
    settings: Settings
    durability: DurabilityPolicy
    key_arn: pulumi.Input[str]


class Credentials(pulumi.ComponentResource):
    """Every secret family in use, each an entry of its own under the secrets key.

    ``serving`` has the current epoch of each family, ``kept`` all epochs that exist.
    """

    serving: dict[str, StoredEpoch]
    kept: list[StoredEpoch]
    secret_arns: list[pulumi.Output[str]]

    def __init__(
        self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:credentials:Credentials", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.serving, self.kept, self.secret_arns = {}, [], []
        rotation = args.settings.rotation
        self._family(families.MASTER_KEY, rotation.master_key, self._master_key)
        self._family(families.DATABASE, rotation.database, self._database_user)
        self._family(families.CACHE, rotation.cache, self._password)
        self._family(families.DRAIN_TOKEN, rotation.drain_token, self._token)
        if args.settings.gateway.admin_ui:
            self._family(families.UI_PASSWORD, rotation.ui_password, self._ui_login)
        for key, epoch in args.settings.supplied_families.items():
            self._family(
                families.SUPPLIED[key],
                epoch,
                lambda _family, number, key=key: self._supplied(key, number),
            )
        self._salt_key()
        self.register_outputs({})

    def passwords(self, family: SecretFamily) -> list[pulumi.Output[str]]:
        """Return the passwords of a family's kept epochs, the serving one last."""
        return [
            pulumi.Output.from_input(stored.value["password"])
            for stored in self.kept
            if stored.family is family
        ]

    def _family(self, family: SecretFamily, epoch: int, make: Maker) -> None:
        entry = aws.secretsmanager.Secret(
            family.name,
            # A prefix: the exact name stays taken while a deleted secret can still be restored.
            name_prefix=f"{self._args.naming.secret_path(family.name)}-",
            kms_key_id=self._args.key_arn,
            recovery_window_in_days=self._args.durability.recovery_days,
            opts=self._child,
        )
        self.secret_arns.append(entry.arn)
        for number in kept_epochs(epoch):
            value = make(family, number)
            version = aws.secretsmanager.SecretVersion(
                f"{family.name}-{number}",
                secret_id=entry.id,
                secret_string=pulumi.Output.secret(pulumi.Output.json_dumps(value)),
                version_stages=[family.version_label(number)],
                # AWS adds AWSCURRENT to the first version by itself.
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["versionStages"]),
            )
            stored = StoredEpoch(
                family=family,
                epoch=number,
                secret_name=entry.name,
                version_id=version.version_id,
                value=value,
            )
            self.kept.append(stored)
            self.serving[family.name] = stored

    def _random(self, name: str) -> pulumi.Output[str]:
        return random.RandomPassword(
            name, length=_GENERATED_LENGTH, special=False, opts=self._child
        ).result

    def _master_key(self, family: SecretFamily, epoch: int) -> Value:
        return {"key": pulumi.Output.concat("sk-", self._random(f"{family.name}-{epoch}"))}

    def _password(self, family: SecretFamily, epoch: int) -> Value:
        return {"password": self._random(f"{family.name}-{epoch}")}

    def _token(self, family: SecretFamily, epoch: int) -> Value:
        return {"token": self._random(f"{family.name}-{epoch}")}

    def _database_user(self, family: SecretFamily, epoch: int) -> Value:
        return {
            "username": families.database_user(epoch),
            "password": self._random(f"{family.name}-{epoch}"),
        }

    def _ui_login(self, family: SecretFamily, epoch: int) -> Value:
        return {"username": "admin", "password": self._random(f"{family.name}-{epoch}")}

    def _supplied(self, key: str, epoch: int) -> Value:
        supplied = pulumi.Config().require_secret_object(SUPPLIED_SECRETS_KEY)
        return {
            field: supplied.apply(lambda all_, field=field: all_[key][str(epoch)][field])
            for field in families.SUPPLIED_FIELDS[key]
        }

    def _salt_key(self) -> None:
        """The salt key encrypts what users store: it never changes and outlives the stack."""
        family = families.SALT_KEY
        path = self._args.naming.secret_path(family.name)
        if self._args.settings.secrets.salt_key == "adopt":
            found = aws.secretsmanager.get_secret_output(
                name=path, opts=pulumi.InvokeOutputOptions(parent=self)
            )
            self.secret_arns.append(found.arn)
            self.serving[family.name] = self._stored_salt(pulumi.Output.from_input(path))
            self.kept.append(self.serving[family.name])
            return
        durable = pulumi.ResourceOptions(
            parent=self,
            protect=self._args.durability.protect,
            retain_on_delete=self._args.durability.protect,
        )
        entry = aws.secretsmanager.Secret(
            family.name,
            name=path,
            kms_key_id=self._args.key_arn,
            recovery_window_in_days=self._args.durability.recovery_days,
            tags={"litellm:rotation": "exempt: changing it makes stored credentials unreadable"},
            opts=durable,
        )
        value = {"key": pulumi.Output.concat("sk-", self._random(family.name))}
        version = aws.secretsmanager.SecretVersion(
            family.name,
            secret_id=entry.id,
            secret_string=pulumi.Output.secret(pulumi.Output.json_dumps(value)),
            opts=durable,
        )
        self.secret_arns.append(entry.arn)
        # Readers wait for the value, not just for the entry.
        written = pulumi.Output.all(entry.name, version.version_id)
        self.serving[family.name] = self._stored_salt(written.apply(lambda known: known[0]))
        self.kept.append(self.serving[family.name])

    @staticmethod
    def _stored_salt(secret_name: pulumi.Output[str]) -> StoredEpoch:
        return StoredEpoch(
            family=families.SALT_KEY, epoch=1, secret_name=secret_name, version_id=None, value={}
        )
