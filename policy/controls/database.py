"""Rows 15 to 17: the database."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import DATABASE, DATABASE_PARAMETERS
from policy.stack import Resource, Stack
from policy.values import given, items, own_key

# RDS.25 names these as the engines' own.
_DEFAULT_USERS = frozenset({"admin", "postgres"})
_BACKUP_DAYS = 7
_PROTECTED_BACKUP_DAYS = 30


def _follows(database: Resource) -> bool:
    """Whether it is a replica, which takes user, backups and standby from its source."""
    return given(database, "replicateSourceDb")


def _is_restored(database: Resource) -> bool:
    """Whether it comes from a backup, and with it the master user."""
    return given(database, "snapshotIdentifier") or given(database, "restoreToPointInTime")


def is_private(database: Resource, stack: Stack) -> Iterator[str]:
    if database.inputs.get("publiclyAccessible"):
        yield "publiclyAccessible is true"


def is_encrypted(database: Resource, stack: Stack) -> Iterator[str]:
    if database.inputs.get("storageEncrypted") is not True:
        yield "storageEncrypted is not true"
    elif not own_key(database, stack, "kmsKeyId"):
        yield "kmsKeyId is not a customer-managed key"


def forces_tls(database: Resource, stack: Stack) -> Iterator[str]:
    groups = stack.behind(database, "parameterGroupName", DATABASE_PARAMETERS)
    if not groups:
        yield "it has no parameter group of this stack, which would set rds.force_ssl"
    for group in groups:
        parameters = items(group.inputs.get("parameters"))
        values = {parameter["name"]: str(parameter["value"]) for parameter in parameters}
        if values.get("rds.force_ssl") != "1":
            yield f"parameter group {group.name} does not set rds.force_ssl to 1"


def knows_its_users(database: Resource, stack: Stack) -> Iterator[str]:
    if database.inputs.get("iamDatabaseAuthenticationEnabled") is not True:
        yield "iamDatabaseAuthenticationEnabled is not true"
    if _follows(database):
        return
    user = database.inputs.get("username")
    if user in _DEFAULT_USERS or (user is None and not _is_restored(database)):
        yield "the master user has the engine's default name"
    if database.inputs.get("manageMasterUserPassword") is not True:
        yield "manageMasterUserPassword is not true, so a password stands in the state"


def survives(database: Resource, stack: Stack) -> Iterator[str]:
    if not stack.protected:
        return
    if not _follows(database) and database.inputs.get("multiAz") is not True:
        yield "multiAz is not true"
    if database.inputs.get("deletionProtection") is not True:
        yield "deletionProtection is not true"
    if database.inputs.get("skipFinalSnapshot") is not False:
        yield "skipFinalSnapshot is not false"
    elif not given(database, "finalSnapshotIdentifier"):
        yield "finalSnapshotIdentifier is missing, so deletion fails"


def is_backed_up(database: Resource, stack: Stack) -> Iterator[str]:
    if _follows(database):
        return
    kept = database.inputs.get("backupRetentionPeriod") or 0
    wanted = _PROTECTED_BACKUP_DAYS if stack.protected else _BACKUP_DAYS
    if kept < wanted:
        yield f"backups are kept for {kept:.0f} days; {wanted} are wanted"
    if database.inputs.get("copyTagsToSnapshot") is not True:
        yield "copyTagsToSnapshot is not true"


def is_observed(database: Resource, stack: Stack) -> Iterator[str]:
    if not database.inputs.get("monitoringInterval"):
        yield "monitoringInterval is 0, so there is no enhanced monitoring"
    if database.inputs.get("performanceInsightsEnabled") is not True:
        yield "performanceInsightsEnabled is not true"
    if "postgresql" not in items(database.inputs.get("enabledCloudwatchLogsExports")):
        yield "enabledCloudwatchLogsExports lacks postgresql"


def upgrades_itself(database: Resource, stack: Stack) -> Iterator[str]:
    if database.inputs.get("autoMinorVersionUpgrade") is False:
        yield "autoMinorVersionUpgrade is false"


CONTROLS = (
    Control(
        row=15,
        name="database-access",
        requires="the database is private, encrypted with a customer-managed key, takes TLS only "
        "and IAM logins, and its master user has a name of its own",
        ids=(
            *("RDS.2", "RDS.3", "RDS.10", "RDS.25"),
            *("CKV_AWS_16", "CKV_AWS_17", "CKV_AWS_161", "CKV2_AWS_69"),
        ),
        severity=Severity.CRITICAL,
        checks={DATABASE: (is_private, is_encrypted, forces_tls, knows_its_users)},
    ),
    Control(
        row=16,
        name="database-durability",
        requires="backups are kept 7 days with their tags (production: 30, a standby, protection "
        "from deletion and a final snapshot)",
        ids=("RDS.5", "RDS.8", "RDS.11", "RDS.17", "CKV_AWS_133", "CKV_AWS_157", "CKV_AWS_293"),
        severity=Severity.HIGH,
        checks={DATABASE: (survives, is_backed_up)},
    ),
    Control(
        row=17,
        name="database-observation",
        requires="enhanced monitoring, Performance Insights and exported logs are on; minor "
        "upgrades come by themselves",
        ids=(
            *("RDS.6", "RDS.13", "RDS.36"),
            *("CKV_AWS_118", "CKV_AWS_129", "CKV_AWS_226", "CKV_AWS_353"),
        ),
        severity=Severity.MEDIUM,
        checks={DATABASE: (is_observed, upgrades_itself)},
    ),
)
