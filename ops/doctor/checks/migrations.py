"""The database's schema: the Job that migrates it, and what it wrote down in the database."""

from collections.abc import Iterator

from ops.deployments.deployment import MIGRATION_JOB
from ops.doctor.findings import Finding, attention, failed, ok, unknown
from ops.doctor.running_stack import RunningStack
from sandbox.kube_api import ApiError

_PAGE = "docs/runbooks/alerts.md#migrationfailed"


def migrations(stack: RunningStack) -> Iterator[Finding]:
    """No migration has failed, and none that the serving image brings is to come."""
    yield from _job(stack)
    found = stack.seen_from_inside["database"]
    if "error" in found:
        yield unknown(
            f"the table of migrations cannot be read ({found['error']})",
            "uv run ops doctor --only database-connections",
        )
        return
    known = found["migrations"]
    for name in known["failed"]:
        yield failed(f"migration {name} began and did not end", _PAGE)
    if known["pending_count"]:
        names = ", ".join(known["pending"])
        yield attention(f"{known['pending_count']} migrations are to come, such as {names}", _PAGE)
    yield ok(f"{known['applied']} migrations are applied")


def _job(stack: RunningStack) -> Iterator[Finding]:
    try:
        status = stack.kubernetes.get(MIGRATION_JOB)["status"]
    except ApiError as error:
        if error.status != 404:
            raise
        yield ok("the Job of the last migration is gone, as after a day or two")
        return
    ended = {c["type"] for c in status.get("conditions", []) if c["status"] == "True"}
    if "Failed" in ended:
        yield failed("the Job of the last migration failed", _PAGE)
    elif not ended & {"Complete", "SuccessCriteriaMet"}:
        yield attention("a migration is under way, or its Job never began", _PAGE)
