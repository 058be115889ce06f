"""The families of secrets as a command names them, and what a rotation of each is. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra import secret_families as families
from infra.secret_ages import is_generated
from infra.secret_families import SecretFamily, kebab, supplied_family
from infra.setting_sections import RotationSettings
from infra.setting_sections.secrets import SALT_KEY_REASON
from infra.settings import Settings
from infra.suggestions import hint

PROVIDERS = "providers"


class FamilyError(Exception):
    """A name that is no family's, or one of a family that cannot be rotated."""


@dataclass(frozen=True, kw_only=True)
class RotatingFamily:
    """A family in use: ``name`` as in a command, ``setting`` its key in `rotation`."""

    name: str
    setting: str
    family: SecretFamily
    newest: int
    serving: int
    supplied: str | None = None
    """Its key in `suppliedSecrets`; None where values are generated."""

    @property
    def is_rolled_back(self) -> bool:
        """Whether the epoch before the newest serves."""
        return self.serving < self.newest

    @property
    def next_epoch(self) -> int:
        """The epoch that a rotation leads to.

        After a roll-back that is the newest one, which was left: the value of the epoch after it
        would be the serving database user's. A supplied value was left for a reason, so there the
        next one is new.
        """
        return self.newest if self.is_rolled_back and not self.supplied else self.newest + 1


def families_in_use(settings: Settings) -> dict[str, RotatingFamily]:
    """Return the families of a stack that can be rotated, by name."""
    return {family.name: family for family in _in_use(settings)}


def _in_use(settings: Settings) -> Iterator[RotatingFamily]:
    for setting, family in families.GENERATED.items():
        if is_generated(settings, setting):
            yield _rotating(settings, setting, family)
    for key, setting in settings.supplied_rotations.items():
        if family := supplied_family(key):
            yield _rotating(settings, setting, family, key)


def _rotating(
    settings: Settings, setting: str, family: SecretFamily, supplied: str | None = None
) -> RotatingFamily:
    return RotatingFamily(
        name=setting.replace(".", "/") if "." in setting else kebab(setting),
        setting=setting,
        family=family,
        newest=settings.rotation.newest(setting),
        serving=settings.rotation.serving(setting),
        supplied=supplied,
    )


def named_families(settings: Settings, names: Iterable[str]) -> list[RotatingFamily]:
    """Return the families that names mean, each once; ``providers`` means every provider's.

    Raises FamilyError with the known names for an unknown one, and with the reason for one that
    cannot be rotated or that this stack does not use.
    """
    found = {one.name: one for name in names for one in _named(settings, name)}
    return list(found.values())


def _named(settings: Settings, name: str) -> list[RotatingFamily]:
    if name == families.SALT_KEY.name:
        raise FamilyError(f"salt-key cannot be rotated: {SALT_KEY_REASON}")
    used = families_in_use(settings)
    if name in used:
        return [used[name]]
    of_providers = [family for family in used.values() if family.name.startswith(f"{PROVIDERS}/")]
    if name == PROVIDERS:
        if not of_providers:
            raise FamilyError("providers: no model of the catalogue has credentials that rotate")
        return of_providers
    if name in known_names() or name.startswith(f"{PROVIDERS}/"):
        raise FamilyError(
            f"{name}: this stack does not use it; in use are {', '.join(sorted(used))}"
        )
    raise FamilyError(f"{name}: unknown family; {hint(name, [*known_names(), *used])}")


def known_names() -> list[str]:
    """Return every name of a family, in use or not; a provider's depends on the catalogue."""
    return [PROVIDERS, *(kebab(key) for key in RotationSettings.family_keys())]
