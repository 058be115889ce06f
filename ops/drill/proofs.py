"""The proofs of a drill: what must hold in the second region, each checked on the running thing."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from infra.secret_families import SALT_KEY, supplied_family
from infra.settings import Settings
from ops.deployments.deployment import Deployment
from ops.drill.evidence import (
    Backup,
    Evidence,
    alarms,
    dashboards,
    decrypted,
    digest,
    grafana_dashboards,
    records,
    refuses_budget,
)
from ops.drill.until import DrillError
from ops.gateway import Account, Gateway, GatewayError
from sandbox.second_region.copies import Copied

# What the AWS provider puts behind a name prefix: the time and a counter, in hexadecimal.
_SUFFIX = "-[0-9a-f]{26}"
COPIES_ARE_COMPLETE = "the copies in the second region are complete"
COMES_UP = "the stack comes up in the second region"
_EXPECTED = (
    BotoCoreError,
    ClientError,
    DrillError,
    GatewayError,
    LookupError,
    httpx.HTTPError,
)


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One thing that was to be shown, and in a failure what was found instead."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """The stack in the second region, and what it must be held against."""

    deployment: Deployment
    gateway: Gateway
    accounts: dict[str, Account]
    """As they were before the first request there."""
    evidence: Evidence
    backup: Backup
    copied: Copied


def missing_copies(copied: Copied, settings: Settings, database: str) -> Proof:
    """Prove that what cannot be made anew stands in the second region, before the loss."""
    families = [SALT_KEY, *map(supplied_family, settings.supplied_families)]
    missing = [
        f"the secret {family.name}"
        for family in families
        if family and family_name(copied, family.name) is None
    ]
    if copied.backup_of(database) is None:
        missing.append(f"a backup of {database}")
    if not any(bucket["objects"] for bucket in copied.buckets):
        missing.append("the log objects")
    detail = f"no copy of {'; of '.join(missing)}" if missing else ""
    return Proof(name=COPIES_ARE_COMPLETE, passed=not missing, detail=detail)


def family_name(copied: Copied, family: str) -> str | None:
    """Return the name of a family's copied entry, with the suffix of a disposable stack or none."""
    wanted = re.compile(rf"{re.escape(family)}({_SUFFIX})?")
    found = (name for name in copied.secret_names if wanted.fullmatch(name.rpartition("/")[2]))
    return next(found, None)


def prove(recovered: Recovered) -> Iterator[Proof]:
    """Yield one proof after the other; one that cannot be tried has failed."""
    for name, check in _CHECKS.items():
        try:
            problem = check(recovered)
        except _EXPECTED as error:
            problem = str(error) or type(error).__name__
        yield Proof(name=name, passed=not problem, detail=problem)


def unreached(reason: str) -> list[Proof]:
    """Return every proof as failed, since the stack did not come up."""
    return [Proof(name=name, passed=False, detail=reason) for name in (COMES_UP, *_CHECKS)]


def _old_key_works(recovered: Recovered) -> str:
    evidence = recovered.evidence
    answer = recovered.gateway.complete(evidence.key, evidence.model)
    return "" if answer.status_code == httpx.codes.OK else f"answered {answer.status_code}"


def _budgets_and_spend_are_kept(recovered: Recovered) -> str:
    before, after = recovered.backup.before, recovered.backup.after
    found, wrong = recovered.accounts, []
    for name in sorted(before.keys() | (found.keys() - after.keys())):
        if name not in found:
            wrong.append(f"{name} is gone")
        elif name not in before:
            wrong.append(f"{name} is new")
        elif (found[name].budget, found[name].period) != (before[name].budget, before[name].period):
            wrong.append(f"{name} has another budget")
        elif not before[name].spend <= found[name].spend <= after.get(name, before[name]).spend:
            wrong.append(f"{name} has spent {found[name].spend}, not {before[name].spend}")
    return _few(wrong)


def _spent_budget_refuses(recovered: Recovered) -> str:
    evidence = recovered.evidence
    answer = recovered.gateway.complete(evidence.spent_key, evidence.model)
    return "" if refuses_budget(answer) else f"answered {answer.status_code}"


def _credential_decrypts(recovered: Recovered) -> str:
    if decrypted(recovered.gateway, recovered.evidence):
        return ""
    return f"the gateway cannot read the credential {recovered.evidence.credential}"


def _old_logs_are_readable(recovered: Recovered) -> str:
    evidence, wrong = recovered.evidence, []
    s3 = recovered.deployment.aws("s3", evidence.region)
    found: set[str] = set()
    for key, fingerprint in evidence.log_objects.items():
        for bucket in {one["bucket"] for one in recovered.copied.buckets}:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            if digest(body) != fingerprint:
                wrong.append(f"{key} has changed")
            found |= {record["id"] for record in records(body)}
    missing = set(evidence.requests) - found
    return _few([*wrong, *(f"no record of request {one}" for one in sorted(missing))])


def _alarms_are_there(recovered: Recovered) -> str:
    return _missing(recovered.evidence.alarms, alarms(recovered.deployment))


def _dashboards_are_there(recovered: Recovered) -> str:
    evidence, deployment = recovered.evidence, recovered.deployment
    return _missing(evidence.dashboards, dashboards(deployment)) or _missing(
        evidence.grafana_dashboards, grafana_dashboards(deployment)
    )


_CHECKS: dict[str, Callable[[Recovered], str]] = {
    "an old virtual key works": _old_key_works,
    "budgets and spend are those of the backup": _budgets_and_spend_are_kept,
    "a key past its budget is still refused": _spent_budget_refuses,
    "a stored credential decrypts": _credential_decrypts,
    "old logs are readable": _old_logs_are_readable,
    "alarms are there": _alarms_are_there,
    "dashboards are there": _dashboards_are_there,
}


def _missing(wanted: Iterable[str], found: Iterable[str]) -> str:
    if not wanted:
        return "there were none before the loss"
    return _few([f"no {name or 'dashboard of the stack'}" for name in set(wanted) - set(found)])


def _few(problems: list[str]) -> str:
    more = f", and {len(problems) - 3} more" if len(problems) > 3 else ""
    return ", ".join(sorted(problems)[:3]) + more
