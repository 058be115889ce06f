"""What of somebody's ends with a drill: a sandbox in which people work is lost on request only."""

from collections.abc import Mapping

from ops.deployments.errors import STACK_ERRORS
from ops.deployments.sandboxed import SandboxDeployment
from ops.drill.evidence import PREFIX
from ops.drill.journal import Journal
from ops.gateway import Account, Gateway, GatewayError
from sandbox.paths import Instance
from sandbox.supervisor_client import SupervisorClient


def what_is_lost(home: Instance, recovery: Instance, journal: Journal) -> list[str]:
    """Return a line for each sandbox that somebody loses.

    What an interrupted drill has made, or lost on request, is its own until somebody makes an
    account there, or brings up another sandbox in its place.
    """
    lines = []
    if _is_somebodys(home, journal):
        accounts = Gateway.of(SandboxDeployment(home)).accounts()
        keys = sum(name.startswith("key ") for name in accounts)
        lines.append(
            f"Sandbox {home.name!r} in slot {home.slot} is lost: its AWS, cluster, database and "
            f"cache. {len(accounts) - keys} teams, {keys} virtual keys and their spend, and its "
            f"log objects, go on in sandbox {recovery.name!r} as far as they were copied; "
            "everything else is gone."
        )
    if _is_somebodys(recovery, journal):
        lines.append(
            f"Sandbox {recovery.name!r} in slot {recovery.slot} is lost, with all that is in it: "
            "the second region begins empty."
        )
    return lines


def _is_somebodys(instance: Instance, journal: Journal) -> bool:
    if not SupervisorClient(instance).running():
        return False
    if not journal.throw_away and journal.lost_at is None:
        return True
    try:
        accounts = Gateway.of(SandboxDeployment(instance)).accounts()
    except (*STACK_ERRORS, GatewayError, KeyError):
        return False  # half of it is lost, or not there yet
    return holds_more_than_the_drill(accounts, journal)


def holds_more_than_the_drill(accounts: Mapping[str, Account], journal: Journal) -> bool:
    """Whether a gateway has accounts that are neither the drill's nor those that it was to lose."""
    known = journal.backup.after if journal.backup else {}
    planted = f"key {journal.evidence.key_hash}" if journal.evidence else None
    if journal.lost_at is not None and planted not in accounts:
        return True  # another gateway, in the place of the lost one
    return any(
        name not in known and not account.alias.startswith(PREFIX)
        for name, account in accounts.items()
    )
