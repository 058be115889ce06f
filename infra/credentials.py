"""Secrets by epoch: a value, a version in Secrets Manager, a Kubernetes Secret.

Raising a family's epoch makes a new one of each and retires the one before the previous. Nothing
here holds a value in clear: values are secret outputs on their way into Secrets Manager, and pods
get them from Secrets that External Secrets has synced.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra import secret_families as families
from infra.durability import DurabilityPolicy
from infra.encryption import EncryptionKeys
from infra.naming import Naming
from infra.secret_families import SecretFamily, kept_epochs
from infra.settings import Settings
from infra.supplied_secrets import SUPPLIED_SECRETS_KEY

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
    version: pulumi.Input[str] | None
    """Version to pin, ``uuid/<id>`` or a staging label; None for a secret that never gets a second
    one."""
    value: Value


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    naming: Naming
    settings: Settings
    durability: DurabilityPolicy
    keys: EncryptionKeys


class Credentials(pulumi.ComponentResource):
    """Every secret family in use, each an entry of its own under the secrets key.

    ``serving`` has the epoch of each family that pods have, ``kept`` all epochs that exist. What
    cannot be generated anew, the salt key and supplied values, is copied to the disaster-recovery
    region under the same name. ``key_arns`` are the keys of entries that were adopted.
    """

    serving: dict[str, StoredEpoch]
    kept: list[StoredEpoch]
    names: dict[str, pulumi.Output[str]]
    secret_arns: list[pulumi.Output[str]]
    key_arns: list[pulumi.Output[str]]

    def __init__(
        self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:credentials:Credentials", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.serving, self.kept, self.names = {}, [], {}
        self.secret_arns, self.key_arns = [], []
        self._family(families.MASTER_KEY, "masterKey", self._master_key)
        self._family(families.DATABASE, "database", self._database_user)
        self._family(families.CACHE, "cache", self._password)
        self._family(families.DRAIN_TOKEN, "drainToken", self._token)
        if args.settings.admin_ui.enabled:
            self._family(families.UI_PASSWORD, "uiPassword", self._admin_login)
        if args.settings.observability.bundled_namespace:
            self._family(families.GRAFANA_ADMIN, "grafanaAdmin", self._admin_login)
        for key, name in args.settings.supplied_rotations.items():
            self._supplied_family(key, name)
        self._salt_key()
        self.register_outputs({})

    def kept_by(self, reader: str) -> list[StoredEpoch]:
        """Return every epoch that exists of what one reader reads."""
        return [stored for stored in self.kept if stored.family.reader == reader]

    def serving_to(self, reader: str) -> list[StoredEpoch]:
        """Return the current epoch of each family that one reader reads."""
        return [stored for stored in self.serving.values() if stored.family.reader == reader]

    def passwords(self, family: SecretFamily) -> list[pulumi.Output[str]]:
        """Return the passwords of a family's kept epochs, the newest one last."""
        return [
            pulumi.Output.from_input(stored.value["password"])
            for stored in self.kept
            if stored.family is family
        ]

    def supplied_value(self, key: str, field: str) -> pulumi.Output[str] | None:
        """Return a field of a supplied family's serving epoch, as a secret; None if none serves."""
        stored = self.serving.get(families.SUPPLIED[key].name)
        if stored is None:
            return None
        if field in stored.value:
            return pulumi.Output.secret(stored.value[field])
        text = aws.secretsmanager.get_secret_version_output(
            secret_id=stored.secret_name,
            version_stage=stored.family.version_label(stored.epoch),
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).secret_string
        return pulumi.Output.secret(text.apply(lambda value: json.loads(value)[field]))

    def _entry(
        self, family: SecretFamily, rotation: str, opts: pulumi.ResourceOptions, *, copied: bool
    ) -> aws.secretsmanager.Secret:
        args = self._args
        path = args.naming.secret_path(family.name)
        fixed = args.durability.fixed_secret_names
        replicas = []
        region = args.settings.disaster_recovery.region
        if copied and region is not None:
            replicas = [{"region": region, "kms_key_id": args.keys.copies}]
        entry = aws.secretsmanager.Secret(
            family.name,
            # The exact name stays taken while a deleted secret can still be restored.
            name=path if fixed else None,
            name_prefix=None if fixed else f"{path}-",
            kms_key_id=args.keys.secrets,
            recovery_window_in_days=args.durability.recovery_days,
            replicas=replicas or None,
            tags={"litellm:rotation": rotation},
            opts=opts,
        )
        self._known(family, entry.name, entry.arn)
        return entry

    def _adopted(self, family: SecretFamily) -> pulumi.Output[str]:
        """Find an entry that another stack or a replica left, and return its name."""
        settings = self._args.settings.secrets
        naming = self._args.naming
        if settings.adopt_from:
            naming = replace(naming, stack=settings.adopt_from)
        path = settings.adopt_names.get(family.name) or naming.secret_path(family.name)
        invoke = pulumi.InvokeOutputOptions(parent=self)
        found = aws.secretsmanager.get_secret_output(name=path, opts=invoke)
        # An entry without a key of its own is under the one that AWS manages.
        key = found.kms_key_id.apply(lambda known: known or "alias/aws/secretsmanager")
        self.key_arns.append(aws.kms.get_key_output(key_id=key, opts=invoke).arn)
        self._known(family, found.name, found.arn)
        return found.name

    def _known(
        self, family: SecretFamily, name: pulumi.Output[str], arn: pulumi.Output[str]
    ) -> None:
        self.names[family.name] = name
        self.secret_arns.append(arn)

    def _store(self, stored: StoredEpoch, *, serves: bool = True) -> None:
        self.kept.append(stored)
        if serves:
            self.serving[stored.family.name] = stored

    def _supplied_family(self, key: str, rotation: str) -> None:
        family = families.supplied_family(key)
        if family is None:
            raise KeyError(key)
        if self._args.settings.secrets.supplied == "adopt":
            epoch = self._args.settings.rotation.serving(rotation)
            self._store(
                StoredEpoch(
                    family=family,
                    epoch=epoch,
                    secret_name=self._adopted(family),
                    version=family.version_label(epoch),
                    value={},
                )
            )
            return
        self._family(family, rotation, lambda one, n: self._supplied(key, one, n), copied=True)

    def _family(
        self, family: SecretFamily, rotation: str, make: Maker, *, copied: bool = False
    ) -> None:
        entry = self._entry(family, "epoch", self._child, copied=copied)
        epochs = self._args.settings.rotation
        for number in kept_epochs(epochs.newest(rotation)):
            value = make(family, number)
            version = aws.secretsmanager.SecretVersion(
                f"{family.name}-{number}",
                secret_id=entry.id,
                secret_string=pulumi.Output.secret(pulumi.Output.json_dumps(value)),
                version_stages=[family.version_label(number)],
                # AWS adds AWSCURRENT to the first version by itself.
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["versionStages"]),
            )
            self._store(
                StoredEpoch(
                    family=family,
                    epoch=number,
                    secret_name=entry.name,
                    version=pulumi.Output.concat("uuid/", version.version_id),
                    value=value,
                ),
                serves=number == epochs.serving(rotation),
            )

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

    def _admin_login(self, family: SecretFamily, epoch: int) -> Value:
        return {"username": "admin", "password": self._random(f"{family.name}-{epoch}")}

    def _supplied(self, key: str, family: SecretFamily, epoch: int) -> Value:
        supplied = pulumi.Config().require_secret_object(SUPPLIED_SECRETS_KEY)
        return {
            field: supplied.apply(lambda all_, field=field: all_[key][str(epoch)][field])
            for field in family.fields
        }

    def _salt_key(self) -> None:
        """The salt key encrypts what users store: it never changes and outlives the stack."""
        family = families.SALT_KEY
        if self._args.settings.secrets.salt_key == "adopt":
            self._store_salt(self._adopted(family))
            return
        protect = self._args.durability.protect
        durable = pulumi.ResourceOptions(parent=self, protect=protect, retain_on_delete=protect)
        reason = "exempt: changing it makes stored credentials unreadable"
        entry = self._entry(family, reason, durable, copied=True)
        value = {"key": pulumi.Output.concat("sk-", self._random(family.name))}
        version = aws.secretsmanager.SecretVersion(
            family.name,
            secret_id=entry.id,
            secret_string=pulumi.Output.secret(pulumi.Output.json_dumps(value)),
            opts=durable,
        )
        # Readers wait for the value, not just for the entry.
        written = pulumi.Output.all(entry.name, version.version_id)
        self._store_salt(written.apply(lambda known: known[0]))

    def _store_salt(self, secret_name: pulumi.Output[str]) -> None:
        self._store(
            StoredEpoch(
                family=families.SALT_KEY, epoch=1, secret_name=secret_name, version=None, value={}
            )
        )
