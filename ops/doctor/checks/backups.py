"""Backups of the database and their copies in the second region."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack, told_age

_RESTORE = "docs/runbooks/restore.md"
_PAGE = "docs/runbooks/doctor.md#backups"
# RDS uploads transaction logs every five minutes:
# docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
_LATE_SECONDS, _LOST_SECONDS = 1800, 7200
# Automated snapshots are daily, within a window.
_SNAPSHOT_SECONDS = 26 * 3600


def backups(stack: RunningStack) -> Iterator[Finding]:
    """The database can be restored to a moment ago, and from a second region where one is set."""
    identifier = str(stack.outputs["databaseIdentifier"])
    client = stack.aws("rds")
    (database,) = client.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"]
    if not database.get("BackupRetentionPeriod"):
        yield failed(f"{identifier} has no automated backups", "pulumi up")
        return
    yield _restorable(stack, database)
    snapshots = [
        snapshot
        for page in client.get_paginator("describe_db_snapshots").paginate(
            DBInstanceIdentifier=identifier, SnapshotType="automated"
        )
        for snapshot in page["DBSnapshots"]
    ]
    yield _snapshots(stack, database, snapshots)
    if region := stack.settings.disaster_recovery.region:
        yield _copy(stack, region, identifier)
        yield from _salt_key(stack, region)


def _restorable(stack: RunningStack, database: Mapping[str, Any]) -> Finding:
    latest: datetime | None = database.get("LatestRestorableTime")
    if latest is None:
        return attention("RDS names no moment yet that it can restore", _PAGE)
    age = stack.age_seconds(latest)
    text = f"the database can be restored to {told_age(age)} ago"
    if age > _LOST_SECONDS:
        return failed(text, _PAGE)
    return attention(text, _PAGE) if age > _LATE_SECONDS else ok(text)


def _snapshots(
    stack: RunningStack, database: Mapping[str, Any], snapshots: list[dict[str, Any]]
) -> Finding:
    times = [one["SnapshotCreateTime"] for one in snapshots if one.get("SnapshotCreateTime")]
    newest = max(times, default=None)
    age = stack.age_seconds(newest or database["InstanceCreateTime"])
    text = f"the newest of {len(times)} snapshots is {told_age(age)} old"
    if newest is None:
        text = f"there is no snapshot of a database that is {told_age(age)} old"
    return attention(text, _PAGE) if age > _SNAPSHOT_SECONDS else ok(text)


def _copy(stack: RunningStack, region: str, identifier: str) -> Finding:
    if stack.settings.aws.endpoint:
        return ok(f"the AWS that stands in here keeps no copies in {region}; `ops drill` does")
    found = stack.aws("rds", region).describe_db_instance_automated_backups(
        DBInstanceIdentifier=identifier
    )["DBInstanceAutomatedBackups"]
    if not found:
        return failed(f"{region} has no copy of the backups", _PAGE)
    latest = found[0].get("RestoreWindow", {}).get("LatestTime")
    if latest is None:
        return attention(f"the copy in {region} is {found[0].get('Status')}", _PAGE)
    age = stack.age_seconds(latest)
    allowed = stack.settings.disaster_recovery.rpo_minutes
    text = f"the copy in {region} can be restored to {told_age(age)} ago"
    if age > allowed * 60:
        return attention(f"{text}; disasterRecovery.rpoMinutes allows {allowed} min", _PAGE)
    return ok(text)


def _salt_key(stack: RunningStack, region: str) -> Iterator[Finding]:
    """Without this copy, stored credentials cannot be read in the other region."""
    name = str(stack.outputs["secretNames"]["salt-key"])
    entry = stack.aws("secretsmanager").describe_secret(SecretId=name)
    for copy in entry.get("ReplicationStatus", []):
        if copy["Region"] == region:
            if copy["Status"] == "InSync":
                yield ok(f"the salt key is copied to {region}")
            else:
                yield failed(f"the salt key's copy in {region} is {copy['Status']}", _PAGE)
            return
    yield failed(f"the salt key has no copy in {region}", "pulumi up")
