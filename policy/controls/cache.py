"""Row 18: the cache."""

from collections.abc import Iterator

from pulumi_policy import Severity
from pulumi_policy.proxy import UnknownValueError

from policy.control import Control
from policy.resource_types import CACHE, CACHE_SUBNETS, CACHE_USER
from policy.stack import Resource, Stack
from policy.values import at, given


def is_encrypted(cache: Resource, stack: Stack) -> Iterator[str]:
    # The provider takes this one as text as well.
    if str(cache.inputs.get("atRestEncryptionEnabled")).lower() != "true":
        yield "atRestEncryptionEnabled is not true"
    if cache.inputs.get("transitEncryptionEnabled") is not True:
        yield "transitEncryptionEnabled is not true"
    if cache.inputs.get("transitEncryptionMode") == "preferred":
        yield "transitEncryptionMode preferred accepts connections in clear"


def asks_who_connects(cache: Resource, stack: Stack) -> Iterator[str]:
    if not (given(cache, "userGroupIds") or given(cache, "authToken")):
        yield "neither a user group nor an AUTH token guards it"


def has_passwords(user: Resource, stack: Stack) -> Iterator[str]:
    kind = at(user.inputs, "authenticationMode", "type")
    if user.inputs.get("noPasswordRequired") or kind not in ("password", "iam"):
        yield "the user enters without a password"


def survives(cache: Resource, stack: Stack) -> Iterator[str]:
    if not stack.protected:
        return
    for key in ("automaticFailoverEnabled", "multiAzEnabled"):
        if cache.inputs.get(key) is not True:
            yield f"{key} is not true"


def is_backed_up(cache: Resource, stack: Stack) -> Iterator[str]:
    if not cache.inputs.get("snapshotRetentionLimit"):
        yield "snapshotRetentionLimit is 0, so no snapshot is kept"


def has_its_own_subnets(cache: Resource, stack: Stack) -> Iterator[str]:
    try:
        name = cache.inputs.get("subnetGroupName")
    except UnknownValueError:
        if stack.behind(cache, "subnetGroupName", CACHE_SUBNETS):
            return
        raise
    if (name or "default") == "default":
        yield "it stands in the account's default subnet group"


CONTROLS = (
    Control(
        row=18,
        name="cache",
        requires="the cache is encrypted at rest and in transit, asks who connects, keeps "
        "snapshots and has subnets of its own (production: fails over between zones)",
        ids=tuple(f"ElastiCache.{number}" for number in (1, 3, 4, 5, 6, 7)),
        severity=Severity.HIGH,
        checks={
            CACHE: (
                is_encrypted,
                asks_who_connects,
                survives,
                is_backed_up,
                has_its_own_subnets,
            ),
            CACHE_USER: (has_passwords,),
        },
    ),
)
