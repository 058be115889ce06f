"""From which age on each secret in use is overdue. Pure: settings in, days out."""

from dataclasses import dataclass

from infra.secret_families import GENERATED, supplied_family
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class AgeLimit:
    """How many days a family's secret may serve; ``back`` is 1 where the epoch before serves."""

    days: int
    back: int


def age_limits(settings: Settings) -> dict[str, AgeLimit]:
    """Return the limit of each family in use, by the family's name; none of those without one."""
    policy, used = settings.rotation_policy, {}
    for setting, family in GENERATED.items():
        if is_generated(settings, setting):
            used[setting] = (family, policy.limit_days(setting, supplied=False))
    for key, setting in settings.supplied_rotations.items():
        if family := supplied_family(key):
            used[setting] = (family, policy.limit_days(setting, supplied=True))
    return {
        family.name: AgeLimit(days=days, back=int(setting in settings.rotation.rolled_back))
        for setting, (family, days) in used.items()
        if days is not None
    }


def is_generated(settings: Settings, setting: str) -> bool:
    """Whether a stack has a generated family, which some only need for what they switch on."""
    if setting == "uiPassword":
        return settings.admin_ui.enabled
    if setting == "grafanaAdmin":
        return settings.observability.bundled_namespace is not None
    return True
