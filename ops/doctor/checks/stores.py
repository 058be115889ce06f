"""Database connections and the cache, as the gateway's own logins see them."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack

_LOST_DATABASE = "docs/runbooks/lost-database.md"
_WAY_OUT = "lower gateway.databaseConnections or maximumReplicas, or raise database.instanceClass"
_FIVE_MINUTES = 300


def database_connections(stack: RunningStack) -> Iterator[Finding]:
    """The database lets the gateway in, and has connections to spare."""
    found = stack.seen_from_inside["database"]
    percent = stack.settings.monitoring.thresholds.database_connection_percent
    yield judged_connections(found, percent)


def judged_connections(found: Mapping[str, Any], percent: int) -> Finding:
    """Judge what was seen; ``percent`` of the connections may be in use."""
    if found.get("full"):
        return failed("the database has no connection left", _WAY_OUT)
    if found.get("refused"):
        return failed("the database refuses the gateway's user", "docs/runbooks/rotation.md")
    if "error" in found:
        return failed(f"the database does not answer a pod ({found['error']})", _LOST_DATABASE)
    # Those that are kept for administrators are none for the gateway.
    usable = found["maximum"] - found["reserved"]
    share = 100 * found["used"] // usable
    users = ", ".join(f"{count} of {user}" for user, count in sorted(found["by_user"].items()))
    text = f"{found['used']} of {usable} connections are in use ({share} %): {users or 'no user'}"
    return attention(text, _WAY_OUT) if share >= percent else ok(text)


def cache(stack: RunningStack) -> Iterator[Finding]:
    """The cache lets the gateway in, has memory, and does not evict."""
    yield from judged_cache(
        stack.seen_from_inside["cache"],
        memory_percent=stack.settings.monitoring.thresholds.cache_memory_percent,
        evictions=stack.settings.monitoring.thresholds.cache_evictions,
    )


def judged_cache(
    found: Mapping[str, Any], *, memory_percent: int, evictions: int
) -> Iterator[Finding]:
    """Judge what was seen; ``evictions`` are those of five minutes that an alarm tells of."""
    if found.get("refused"):
        yield failed("the cache refuses the gateway's login", "uv run ops rotate cache --stack …")
        return
    if "error" in found:
        yield failed(
            f"the cache does not answer a pod ({found['error']}): limits count in each pod alone",
            "aws elasticache describe-replication-groups",
        )
        return
    larger = "raise cache.nodeType"
    used, limit = found["used_memory"], found["maxmemory"]
    mib = f"{used / 2**20:.1f} MiB of memory"
    if limit:
        share = 100 * used // limit
        text = f"{mib} are used, {share} % of what there is"
        yield attention(text, larger) if share >= memory_percent else ok(text)
    else:
        yield ok(f"{mib} are used")
    rate = found["evicted_keys"] * _FIVE_MINUTES / max(found["uptime_in_seconds"], _FIVE_MINUTES)
    if rate >= evictions:
        yield attention(
            f"{found['evicted_keys']} keys were evicted since it started, {rate:.0f} in five "
            "minutes on average: limits forget what was used",
            larger,
        )
