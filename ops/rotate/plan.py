"""What a rotation changes in the configuration, and which resources follow from it. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from infra.monitoring_values import RELEASE as MONITORING_RELEASE
from infra.naming import RELEASE
from infra.secret_families import GRAFANA_ADMIN
from infra.settings import Settings
from infra.supplied_secrets import SUPPLIED_SECRETS_KEY
from ops.rotate.families import RotatingFamily
from sandbox.outcome import Change

_EPOCH_TYPES = (
    "random:index/randomPassword:RandomPassword",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "kubernetes:external-secrets.io/v1:ExternalSecret",
)
_HELM_RELEASE = "kubernetes:helm.sh/v3:Release"


class RollbackError(Exception):
    """There is no epoch to go back to."""


@dataclass(frozen=True, kw_only=True)
class Move:
    """One family on its way from the epoch that serves to another."""

    family: RotatingFamily
    from_epoch: int
    to_epoch: int

    @property
    def line(self) -> str:
        """The move for people."""
        return f"{self.family.name}: epoch {self.from_epoch} → {self.to_epoch}"

    def as_document(self) -> dict[str, object]:
        """Return the move for ``--json``."""
        return {
            "family": self.family.name,
            "from_epoch": self.from_epoch,
            "to_epoch": self.to_epoch,
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a command is about to do: moves of families, and the settings that bring them about."""

    moves: Sequence[Move]
    changes: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """Names of the families, as a command takes them."""
        return [move.family.name for move in self.moves]

    def as_document(self) -> dict[str, object]:
        """Return what ``--dry-run --json`` prints."""
        families = [move.as_document() for move in self.moves]
        return {"families": families, "settings": dict(self.changes)}


def rotation_plan(settings: Settings, families: Sequence[RotatingFamily]) -> Plan:
    """Return the plan that brings each family to its next epoch."""
    moves = [Move(family=one, from_epoch=one.serving, to_epoch=one.next_epoch) for one in families]
    changes = {f"rotation.{move.family.setting}": str(move.to_epoch) for move in moves}
    named = {one.setting for one in families}
    back = [key for key in settings.rotation.rolled_back if key not in named]
    if len(back) < len(settings.rotation.rolled_back):
        changes["rotation.rolledBack"] = _listed(back)
    return Plan(moves=moves, changes=changes)


def rollback_plan(settings: Settings, families: Sequence[RotatingFamily]) -> Plan:
    """Return the plan that brings each family back to the epoch before; RollbackError if none."""
    for one in families:
        if one.is_rolled_back:
            raise RollbackError(
                f"{one.name} is rolled back to epoch {one.serving} already, and epoch "
                f"{one.serving - 1} exists no longer; `ops rotate {one.name}` goes on from here"
            )
        if one.newest == 1:
            raise RollbackError(
                f"{one.name} is at epoch 1, which has none before it; `ops rotate {one.name}` "
                "replaces it"
            )
    moves = [Move(family=one, from_epoch=one.serving, to_epoch=one.serving - 1) for one in families]
    back = sorted({*settings.rotation.rolled_back, *(one.setting for one in families)})
    return Plan(moves=moves, changes={"rotation.rolledBack": _listed(back)})


def _listed(keys: Sequence[str]) -> str:
    return yaml.safe_dump(list(keys), default_flow_style=True).strip()


def supplied_paths(move: Move) -> dict[str, str]:
    """Return where the values of a move's new epoch are supplied: field → path of the setting."""
    key, family = move.family.supplied, move.family.family
    if key is None:
        return {}
    epoch = f'{SUPPLIED_SECRETS_KEY}.{key}["{move.to_epoch}"]'
    return {field: f"{epoch}.{field}" for field in family.fields}


def others(moves: Iterable[Move], changes: Iterable[Change]) -> list[Change]:
    """Return the changes of a preview that belong to none of the moves."""
    moving = [move.family for move in moves]
    return [change for change in changes if not any(_belongs(one, change) for one in moving)]


def _belongs(rotating: RotatingFamily, change: Change) -> bool:
    """Whether a change is a family's epoch, or follows from it; more of a resource is another's."""
    kind, name = change.resource_type, change.name
    if kind in _EPOCH_TYPES:
        return re.fullmatch(rf"{re.escape(rotating.family.name)}-\d+", name) is not None
    # A roll-back tells the job that looks at ages which epoch serves.
    ages = ("kubernetes:batch/v1:CronJob", "secret-ages", r"spec\.jobTemplate\..*\.value")
    return any(
        kind == dependent_kind
        and re.fullmatch(dependent, name)
        and all(re.fullmatch(properties, path) for path in change.properties)
        for dependent_kind, dependent, properties in (ages, *_dependents(rotating))
    )


def _dependents(rotating: RotatingFamily) -> list[tuple[str, str, str]]:
    """Type, and patterns of logical name and properties, of what follows from a family."""
    if rotating.family.reader == "grafana":
        keys = r"existingSecret" if rotating.family is GRAFANA_ADMIN else r"envValueFrom\..*"
        return [(_HELM_RELEASE, MONITORING_RELEASE, rf"values\.grafana\.(admin\.)?{keys}")]
    if not rotating.family.environment:
        changed = r"actions\[\d+\]\.authenticateOidc\.clientSecret"
        return [("aws:lb/listenerRule:ListenerRule", r"(sign-in|sso|admin)-\d+", changed)]
    secrets = r"values\.secretEnvironment(\[\d+\](\.secret)?)?"
    if rotating.setting == "database":
        return [
            (_HELM_RELEASE, RELEASE, rf"{secrets}|values\.environment\.DATABASE_URL"),
            ("kubernetes:batch/v1:Job", "database-users", r"metadata\.name|spec\.template\..*"),
            ("kubernetes:batch/v1:CronJob", "spend-archive", r"spec\.jobTemplate\..*secretName"),
        ]
    gateway = (_HELM_RELEASE, RELEASE, secrets)
    if rotating.setting == "cache":
        user = "aws:elasticache/user:User"
        return [gateway, (user, "cache", r"authenticationMode\.passwords(\[\d+\])?")]
    return [gateway]
