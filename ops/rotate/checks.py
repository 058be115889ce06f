"""Whether a rotation did what it should: what runs is asked with the new and the old credential."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import httpx

from infra.cache import USER as CACHE_USER
from infra.naming import Naming
from infra.secret_families import database_user
from infra.settings import Settings
from ops.deployments.deployment import Deployment
from ops.rotate.cache_login import Unreachable, logs_in
from ops.rotate.plan import Move
from ops.rotate.pods import PodsOfFamily
from ops.steady_load import VirtualKey, bearer, complete

_SECONDS = 30
# A pod that has just left may still be asked for a moment.
_PATIENCE_SECONDS = 60
_REFUSED = (400, 401, 403)
_ADMIN_PATH = "/key/list?size=1"
_ASKED_PER_POD = 3


@dataclass(frozen=True, kw_only=True)
class Check:
    """One question and whether the answer was right; None where it could not be asked here."""

    name: str
    passed: bool | None
    reason: str = ""
    """Why it could not be asked."""


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """A family after its roll-out, and the ways to ask about it."""

    deployment: Deployment
    settings: Settings
    move: Move
    pods: PodsOfFamily
    ready: int
    """How many pods have the new epoch."""
    gateway_url: str
    admin_url: str | None
    key: VirtualKey | None = None
    probe_model: str | None = None


def checks(rotated: Rotated) -> Iterator[Check]:
    """Yield what is asked of Secrets Manager, of the pods, and with a family's credential."""
    move = rotated.move
    labels = _labels(rotated)
    for epoch in sorted({move.from_epoch, move.to_epoch}):
        label = move.family.family.version_label(epoch)
        yield Check(name=f"Secrets Manager has {label}", passed=label in labels)
    if rotated.pods.deployment is None:
        yield Check(
            name=f"pods have epoch {move.to_epoch}", passed=None, reason="no pod here reads it"
        )
    else:
        yield Check(
            name=f"all {rotated.ready} pods are ready with epoch {move.to_epoch}",
            passed=rotated.ready > 0 and rotated.pods.names(move.to_epoch),
        )
    if asked := _CREDENTIALS.get(move.family.setting):
        yield from asked(rotated)
    elif move.family.setting.startswith("providers."):
        yield _completion(rotated)


def _labels(rotated: Rotated) -> set[str]:
    """Return the staging labels of a family's versions."""
    names = rotated.deployment.outputs()["secretNames"]
    if not isinstance(names, Mapping):
        return set()
    found = rotated.deployment.aws("secretsmanager").describe_secret(
        SecretId=names[rotated.move.family.family.name]
    )
    return {label for labels in found["VersionIdsToStages"].values() for label in labels}


def _value(rotated: Rotated, epoch: int, field: str) -> str:
    return rotated.pods.value(epoch, field) or ""


def _admin_key(rotated: Rotated) -> Iterator[Check]:
    new, old = rotated.move.to_epoch, rotated.move.from_epoch
    times = max(_ASKED_PER_POD * rotated.ready, 6)
    accepted = f"admin calls with the key of epoch {new} are answered, {times} of {times}"
    refused = f"admin calls with the key of epoch {old} are refused, {times} of {times}"
    if rotated.admin_url is None:
        yield _without_admin(accepted)
        yield _without_admin(refused)
        return
    url = f"{rotated.admin_url}{_ADMIN_PATH}"
    for name, epoch, statuses in ((accepted, new, (200,)), (refused, old, _REFUSED)):
        key = _value(rotated, epoch, "key")
        yield Check(name=name, passed=_soon(partial(_all_end, url, key, times, statuses)))


def _all_end(url: str, key: str, times: int, statuses: Sequence[int]) -> bool:
    """Whether every one of some admin calls ends with one of these statuses.

    Each has a connection of its own, so that they are spread over the pods.
    """
    return all(
        httpx.get(url, headers=bearer(key), timeout=_SECONDS).status_code in statuses
        for _ in range(times)
    )


def _database(rotated: Rotated) -> Iterator[Check]:
    user = database_user(rotated.move.to_epoch)
    url = rotated.pods.variable("DATABASE_URL") or ""
    yield Check(name=f"pods connect as {user}", passed=url.startswith(f"postgresql://{user}:"))
    name = "the proxy reads its database"
    if rotated.admin_url is None:
        yield _without_admin(name)
        return
    ready = f"{rotated.admin_url}/health/readiness"

    def connected() -> bool:
        answer = httpx.get(ready, timeout=_SECONDS)
        return answer.status_code == httpx.codes.OK and answer.json().get("db") == "connected"

    yield Check(name=name, passed=_soon(connected))


def _cache(rotated: Rotated) -> Iterator[Check]:
    host = str(rotated.deployment.outputs()["cacheHost"])
    authority = rotated.settings.cache.certificate_authority_file
    try:
        for epoch in (rotated.move.to_epoch, rotated.move.from_epoch):
            right = logs_in(host, authority, CACHE_USER, _value(rotated, epoch, "password"))
            yield Check(name=f"the password of epoch {epoch} logs in to the cache", passed=right)
    except Unreachable as error:
        # The cluster alone reaches it; AWS says as much as it lets others know.
        yield Check(name="logging in to the cache", passed=None, reason=str(error))
        naming = Naming.of(rotated.deployment.stack, rotated.settings)
        client = rotated.deployment.aws("elasticache")
        (user,) = client.describe_users(UserId=naming.named("cache"))["Users"]
        yield Check(
            name="the cache's user takes two passwords",
            passed=user["Authentication"].get("PasswordCount") == 2,
        )


def _sign_in(rotated: Rotated) -> Iterator[Check]:
    new, old = rotated.move.to_epoch, rotated.move.from_epoch
    for epoch, status, told in ((new, 200, "opens the admin UI"), (old, 401, "is refused there")):
        name = f"the password of epoch {epoch} {told}"
        if rotated.admin_url is None or rotated.settings.sign_in.method != "password":
            yield Check(name=name, passed=None, reason="people sign in elsewhere")
            continue
        login = {"username": "admin", "password": _value(rotated, epoch, "password")}
        url = f"{rotated.admin_url}/v2/login"
        yield Check(name=name, passed=_soon(partial(_login_ends, url, login, status)))


def _login_ends(url: str, login: Mapping[str, str], status: int) -> bool:
    return httpx.post(url, json=login, timeout=_SECONDS).status_code == status


def _completion(rotated: Rotated) -> Check:
    model = rotated.probe_model
    name = f"{model or 'a model'} answers with the key of epoch {rotated.move.to_epoch}"
    key = rotated.key
    if model is None or key is None:
        return Check(name=name, passed=None, reason="name a model of it with --probe-model")

    def answered() -> bool:
        with httpx.Client(
            base_url=rotated.gateway_url, headers=bearer(key.key), timeout=_SECONDS
        ) as client:
            return complete(client, model).status_code == httpx.codes.OK

    return Check(name=name, passed=_soon(answered))


_CREDENTIALS: Mapping[str, Callable[[Rotated], Iterator[Check]]] = {
    "masterKey": _admin_key,
    "database": _database,
    "cache": _cache,
    "uiPassword": _sign_in,
}


def _without_admin(name: str) -> Check:
    return Check(name=name, passed=None, reason="no host name serves the admin paths")


def _soon(holds: Callable[[], bool]) -> bool:
    """Whether something holds within a minute."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            if holds():
                return True
        except (httpx.HTTPError, ValueError):
            pass
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
