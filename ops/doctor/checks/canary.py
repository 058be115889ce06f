"""A canary: one request of the smallest kind, and everything that should be known of it after."""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from archiver.layout import LOGS
from infra.settings import Settings
from ops.deployments.deployment import DeploymentError, admin_key
from ops.doctor.findings import Finding, failed, ok, unknown
from ops.doctor.in_cluster import Probe
from ops.doctor.running_stack import RunningStack
from ops.steady_load import bearer, mocked_model

ALIAS = "ops-doctor-"
_CANARY = "ops doctor"
# USD. A canary that costs more is stopped by the gateway.
_BUDGET = 0.05
_LIFETIME = "15m"
_REQUEST_SECONDS = 60
_POLL_SECONDS = 1
# Beyond the intervals at which things are written.
_PATIENCE_SECONDS = 30
_DELIVERY = "docs/runbooks/alerts.md#logdeliveryfails"
_PODS = "uv run ops doctor --only pods --only target-health"
_METRICS = "docs/runbooks/alerts.md#gatewaypodunreachable"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request that was answered. ``repr`` holds no key."""

    identifier: str
    alias: str
    key_hash: str
    model: str
    at: datetime


def canary(stack: RunningStack) -> Iterator[Finding]:
    """Send one request with a key of its own, and find it in database, bucket and Prometheus.

    The key may do no more than this, ends by itself after a quarter of an hour, and is deleted.
    """
    admin_url = stack.outputs.get("adminUrl")
    if admin_url is None:
        yield unknown("no host name serves the admin paths, so there is no key for a canary")
        return
    model = stack.canary_model or cheapest_model(stack.settings)
    admin = httpx.Client(
        base_url=str(admin_url),
        headers=bearer(admin_key(stack.kubernetes)),
        timeout=_REQUEST_SECONDS,
    )
    alias = f"{ALIAS}{secrets.token_hex(4)}"
    with admin:
        try:
            key = _make_key(admin, alias, model)
            sent = _send(stack, key, alias, model)
            if isinstance(sent, Finding):
                yield sent
                return
            yield ok(f"{model} answered {alias}")
            yield from _seen(stack, admin, sent)
        except httpx.HTTPError as error:
            yield unknown(
                f"the gateway is not reached from here ({type(error).__name__})",
                "run it where the load balancer is reached, or with --skip canary",
            )
        finally:
            yield from _delete(admin, alias)


def cheapest_model(settings: Settings) -> str:
    """Return a model that costs nothing, or else one of the lowest tier."""
    return mocked_model(settings) or min(settings.models, key=lambda model: len(model.tier)).name


def _make_key(admin: httpx.Client, alias: str, model: str) -> dict[str, Any]:
    answer = admin.post(
        "/key/generate",
        json={
            "key_alias": alias,
            "duration": _LIFETIME,
            "models": [model],
            "max_budget": _BUDGET,
            "rpm_limit": 2,
            "metadata": {"canary": _CANARY},
        },
    )
    if answer.status_code != httpx.codes.OK:
        raise DeploymentError(
            f"the gateway refused a key for the canary with status {answer.status_code}"
        )
    return answer.json()


def _send(stack: RunningStack, key: dict[str, Any], alias: str, model: str) -> Sent | Finding:
    at = datetime.now(UTC)
    answer = httpx.post(
        f"{stack.outputs['gatewayUrl']}/v1/chat/completions",
        headers=bearer(key["key"]),
        json={
            "model": model,
            "messages": [{"role": "user", "content": "canary"}],
            "max_tokens": 1,
            "metadata": {"canary": _CANARY},
        },
        timeout=_REQUEST_SECONDS,
    )
    if answer.status_code != httpx.codes.OK:
        # A provider's words about an error may hold anything.
        return failed(f"the canary was answered with status {answer.status_code} by {model}", _PODS)
    return Sent(
        identifier=str(answer.json()["id"]),
        alias=alias,
        key_hash=str(key["token"]),
        model=model,
        at=at,
    )


def _seen(stack: RunningStack, admin: httpx.Client, sent: Sent) -> Iterator[Finding]:
    """Look for the canary where it should be, each as long as the settings make it take."""
    gateway = stack.settings.gateway
    stack.told("looking for the canary in the database")
    if _until(stack, lambda: _in_database(admin, sent), gateway.batch_write_seconds):
        yield ok("the database has its spend")
    else:
        yield failed("the canary's spend is not in the database", _DELIVERY)
    stack.told("looking for the canary in the bucket")
    if _until(stack, lambda: _in_bucket(stack, sent), gateway.log_flush_seconds):
        yield ok("the bucket has its log")
    else:
        yield failed("the canary's log is not in the bucket", _DELIVERY)
    if stack.stopping.is_set():
        return
    stack.told("looking for the canary in Prometheus")
    yield _in_prometheus(stack, sent)


def _until(stack: RunningStack, holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds + _PATIENCE_SECONDS
    while not stack.stopping.is_set():
        if holds():
            return True
        if time.monotonic() > deadline:
            return False
        stack.told(f"the canary is not there yet; {deadline - time.monotonic():.0f} s are left")
        time.sleep(_POLL_SECONDS)
    return False


def _in_database(admin: httpx.Client, sent: Sent) -> bool:
    # The time zone's name is not taken by /spend/logs/v2 of LiteLLM 1.106.2.
    moment = "%Y-%m-%d %H:%M:%S"
    day = timedelta(days=1)
    answer = admin.get(
        "/spend/logs/v2",
        params={
            "api_key": sent.key_hash,
            "start_date": (sent.at - day).strftime(moment),
            "end_date": (sent.at + day).strftime(moment),
            "page": 1,
            "page_size": 10,
        },
    )
    answer.raise_for_status()
    return any(row["request_id"] == sent.identifier for row in answer.json()["data"])


def _in_bucket(stack: RunningStack, sent: Sent) -> bool:
    """Whether an object of the canary's own folder has its record, a line of JSON."""
    client, bucket = stack.aws("s3"), stack.outputs["logBucket"]
    # A key without a team writes below its own alias: `s3_use_key_prefix`.
    listed = client.list_objects_v2(Bucket=bucket, Prefix=f"{LOGS}{sent.alias}/")
    for entry in listed.get("Contents", []):
        body = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().decode()
        if any(json.loads(line)["id"] == sent.identifier for line in body.splitlines() if line):
            return True
    return False


def _in_prometheus(stack: RunningStack, sent: Sent) -> Finding:
    settings = stack.settings.observability
    if settings.monitoring == "none":
        return ok("no Prometheus belongs to this stack; CloudWatch tells no key from another")
    probe = Probe(stack.kubernetes, stack.gateway, stack.stopping)
    found = probe.prometheus(
        settings.namespace,
        stack.deployment.prometheus_url(settings.namespace),
        f'litellm_proxy_total_requests_metric_total{{api_key_alias="{sent.alias}"}}',
        2 * settings.scrape_seconds + _PATIENCE_SECONDS,
    )
    if "error" in found:
        return failed(f"Prometheus does not know the canary ({found['error']})", _METRICS)
    return ok("Prometheus counts it")


def _delete(admin: httpx.Client, alias: str) -> Iterator[Finding]:
    """Delete the key; one of an earlier run that was killed ends by itself."""
    try:
        answer = admin.post("/key/delete", json={"key_aliases": [alias]})
    except httpx.HTTPError:
        return
    if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
        yield unknown(f"the key {alias} was not deleted; it ends within {_LIFETIME}")
