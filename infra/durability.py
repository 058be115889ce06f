"""How hard a stack is to lose: one policy, set on the stateful leaves only."""

from dataclasses import dataclass

from infra.setting_sections import Durability


@dataclass(frozen=True, kw_only=True)
class DurabilityPolicy:
    """What protection means for each kind of state.

    ``protect`` is Pulumi's own option; ``deletion_protection`` is AWS's; ``recovery_days`` are
    the days in which a deleted secret or key can be restored. ``fixed_secret_names`` lets a later
    stack adopt secrets by name; without it a destroyed stack comes up again at once, although the
    names of its secrets stay taken. ``apply_immediately`` changes data stores outside of their
    maintenance window. ``log_retention_days`` is for log groups.
    """

    protect: bool
    deletion_protection: bool
    final_snapshot: bool
    force_destroy_bucket: bool
    recovery_days: int
    fixed_secret_names: bool
    apply_immediately: bool
    log_retention_days: int


POLICIES = {
    Durability.PROTECTED: DurabilityPolicy(
        protect=True,
        deletion_protection=True,
        final_snapshot=True,
        force_destroy_bucket=False,
        recovery_days=30,
        fixed_secret_names=True,
        apply_immediately=False,
        log_retention_days=365,
    ),
    Durability.DISPOSABLE: DurabilityPolicy(
        protect=False,
        deletion_protection=False,
        final_snapshot=False,
        force_destroy_bucket=True,
        recovery_days=7,
        fixed_secret_names=False,
        apply_immediately=True,
        log_retention_days=30,
    ),
}
