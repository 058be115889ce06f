"""What is known of a gateway before its region is lost, and must be found again elsewhere."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from infra.naming import Naming
from ops.deployments.deployment import Deployment
from ops.drill.until import DrillError, until
from ops.gateway import Account, Gateway

# Of every name that a drill gives.
PREFIX = "drill-"
_REQUESTS = 3
_LEAST_BUDGET = 0.0000001  # USD, below the price of any request
_REQUESTS_A_MINUTE = 10_000
# An alarm of the copying, which ends with the region that was copied from.
_ALARMS_OF_COPYING = {"log-replication"}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Facts of before the loss. Keys are secrets: ``repr`` leaves them out."""

    model: str
    region: str
    """The second region, to which the stack has its copies brought."""
    alarms: list[str]
    """Without the stack's prefix, as dashboards are."""
    dashboards: list[str]
    """Of CloudWatch."""
    grafana_dashboards: list[str]
    credential: str
    credential_value: str = field(repr=False)
    """What is stored encrypted under the salt key; itself the name of a variable, and no secret."""
    key: str = field(repr=False)
    key_hash: str
    requests: list[str]
    """Ids of the requests that the key made."""
    spent_key: str = field(repr=False)
    stream_key: str = field(repr=False)
    stream_key_hash: str
    log_objects: dict[str, str]
    """SHA-256 of each log object of the key's requests, by its name."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What the database held while it was backed up: the copy lies between the two readings."""

    before: dict[str, Account]
    after: dict[str, Account]


def plant(deployment: Deployment, gateway: Gateway) -> Evidence:
    """Use the gateway as its users do, and return what that has left, once it is written down.

    Makes a team with a budget, three virtual keys, some requests and a stored credential.
    """
    settings = deployment.settings()
    region = settings.disaster_recovery.region
    if region is None:
        raise DrillError(
            "disasterRecovery.region is not set, so nothing of this stack would survive its "
            "region; name a second region, run `up`, and drill then"
        )
    mark, model = secrets.token_hex(4), settings.models[0].name
    team = gateway.post(
        "/team/new",
        {"team_alias": f"{PREFIX}{mark}", "max_budget": 50, "budget_duration": "30d"},
    )["team_id"]
    keys = {
        purpose: gateway.post(
            "/key/generate",
            {
                "team_id": team,
                "key_alias": f"{PREFIX}{purpose}-{mark}",
                "models": [model],
                "max_budget": _LEAST_BUDGET if purpose == "spent" else 10,
                "budget_duration": "30d",
                "rpm_limit": _REQUESTS_A_MINUTE,
            },
        )
        for purpose in ("old", "spent", "stream")
    }
    value = f"os.environ/DRILL_{secrets.token_hex(8).upper()}"
    gateway.store_credential(f"{PREFIX}{mark}", value)
    old = keys["old"]
    requests = [_request(gateway, old["key"], model) for _ in range(_REQUESTS)]
    until(
        lambda: _refusal(gateway, keys["spent"]["key"], model), "refusal of a key past its budget"
    )
    until(lambda: _written(gateway, old["token"]), "spend of the drill's key in the database")
    return Evidence(
        model=model,
        region=region,
        alarms=[name for name in alarms(deployment) if name not in _ALARMS_OF_COPYING],
        dashboards=dashboards(deployment),
        grafana_dashboards=grafana_dashboards(deployment),
        credential=f"{PREFIX}{mark}",
        credential_value=value,
        key=old["key"],
        key_hash=old["token"],
        requests=requests,
        spent_key=keys["spent"]["key"],
        stream_key=keys["stream"]["key"],
        stream_key_hash=keys["stream"]["token"],
        log_objects=until(
            lambda: _log_objects(deployment, f"{PREFIX}old-{mark}", requests), "log objects"
        ),
    )


def decrypted(gateway: Gateway, evidence: Evidence) -> bool:
    """Tell whether the gateway decrypts the stored credential to what it was."""
    return gateway.decrypts(evidence.credential, evidence.credential_value)


def alarms(deployment: Deployment) -> list[str]:
    """Return the stack's alarms that tell somebody, without its prefix."""
    pages = deployment.aws("cloudwatch").get_paginator("describe_alarms").paginate()
    topics = {
        topic["TopicArn"]
        for page in deployment.aws("sns").get_paginator("list_topics").paginate()
        for topic in page["Topics"]
    }
    prefix = _prefix(deployment)
    return sorted(
        alarm["AlarmName"].removeprefix(f"{prefix}-")
        for page in pages
        for alarm in page["MetricAlarms"]
        if alarm["AlarmName"].startswith(prefix) and topics & set(alarm["AlarmActions"])
    )


def dashboards(deployment: Deployment) -> list[str]:
    """Return the stack's dashboards in CloudWatch, without its prefix."""
    prefix = _prefix(deployment)
    return sorted(
        entry["DashboardName"].removeprefix(prefix)
        for entry in deployment.aws("cloudwatch").list_dashboards()["DashboardEntries"]
        if entry["DashboardName"].startswith(prefix)
    )


def grafana_dashboards(deployment: Deployment) -> list[str]:
    """Return the files of the dashboards that Grafana is given in the cluster."""
    maps = deployment.kubernetes().list(
        "/api/v1/namespaces/litellm/configmaps", labelSelector="grafana_dashboard"
    )
    return sorted(name for one in maps for name in one.get("data", {}))


def digest(body: bytes) -> str:
    """Return the fingerprint by which an object is known again."""
    return hashlib.sha256(body).hexdigest()


def _prefix(deployment: Deployment) -> str:
    return Naming.of(deployment.stack, deployment.settings()).prefix


def _request(gateway: Gateway, key: str, model: str) -> str:
    answer = gateway.complete(key, model)
    if answer.status_code != httpx.codes.OK:
        raise DrillError(
            f"the gateway does not answer a completion of {model} even before the drill: "
            f"{answer.status_code} {answer.text[:200]}"
        )
    return str(answer.json()["id"])


def _refusal(gateway: Gateway, key: str, model: str) -> bool | None:
    return True if refuses_budget(gateway.complete(key, model)) else None


def refuses_budget(answer: httpx.Response) -> bool:
    """Tell whether an answer refuses a key because its budget is spent."""
    return answer.status_code != httpx.codes.OK and "budget" in answer.text.lower()


def _written(gateway: Gateway, key_hash: str) -> bool | None:
    rows, _ = gateway.rows(key_hash)
    return True if rows >= _REQUESTS and gateway.accounts()[f"key {key_hash}"].spend else None


def _log_objects(deployment: Deployment, alias: str, requests: list[str]) -> dict[str, str] | None:
    """Return the objects that hold the requests' records; None while one is missing."""
    s3, bucket = deployment.aws("s3"), str(deployment.outputs()["logBucket"])
    found: dict[str, str] = {}
    seen: set[str] = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="logs/"):
        for entry in page.get("Contents", []):
            if alias in entry["Key"]:
                body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                found[entry["Key"]] = digest(body)
                seen |= {record["id"] for record in records(body)}
    return found if set(requests) <= seen else None


def records(body: bytes) -> list[dict[str, Any]]:
    """Return the records of a log object, one a line."""
    return [json.loads(line) for line in body.decode().splitlines() if line.strip()]
