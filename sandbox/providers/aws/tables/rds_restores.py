"""RDS instances that come from a snapshot or from backups, in moto and on this machine."""

from collections.abc import Iterator, Mapping

from sandbox.backing_services import Database, Databases
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType

_SNAPSHOT, _POINT = "snapshotIdentifier", "restoreToPointInTime"
_IDENTIFIER, _ARN = "sourceDbInstanceIdentifier", "sourceDbInstanceAutomatedBackupsArn"
_SOURCES = (_IDENTIFIER, _ARN)
_MOMENTS = ("restoreTime", "useLatestRestorableTime")
# What a restored instance takes from what it comes from until it is modified.
_SET_AFTERWARDS = (
    "backupRetentionPeriod",
    "enabledCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "maxAllocatedStorage",
    "monitoringInterval",
    "monitoringRoleArn",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
)


def problems(inputs: Properties) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with where an instance comes from: property, and why."""
    point = inputs.get(_POINT)
    if not inputs.get(_SNAPSHOT) and not point:
        for name in ("engine", "username", "allocatedStorage"):
            if inputs.get(name) is None:
                yield name, "is required unless the database comes from a backup"
    if point and inputs.get(_SNAPSHOT):
        yield _POINT, f"cannot go together with {_SNAPSHOT}"
    if isinstance(point, Mapping):
        for names in (_SOURCES, _MOMENTS):
            if len([name for name in names if point.get(name)]) != 1:
                yield _POINT, f"needs either {names[0]} or {names[1]}"


def tags(context: Context) -> Properties:
    """Return the tags of an instance, as its creation takes them."""
    given = {**context.session.default_tags, **(context.inputs.get("tags") or {})}
    return {"Tags": [{"Key": key, "Value": value} for key, value in given.items()]}


def restore(context: Context, kind: ResourceType) -> bool:
    """Have moto make an instance out of what it comes from; False for one that begins empty."""
    if snapshot := context.inputs.get(_SNAPSHOT):
        call = Call("RestoreDBInstanceFromDBSnapshot", {"DBSnapshotIdentifier": snapshot})
    elif point := context.inputs.get(_POINT):
        call = _of_point(context, point, kind)
    else:
        return False
    context.call(call, extra=tags(context))
    context.id = context.inputs["identifier"]
    modify = kind.updates[0]
    context.call(modify, only=_SET_AFTERWARDS, extra={"ApplyImmediately": True})
    return True


def _of_point(context: Context, point: Properties, kind: ResourceType) -> Call:
    if not point.get(_IDENTIFIER):
        # moto has no backups whose instance is gone.
        return Call(kind.create.operation, _copied(context, point))
    moment: Properties = (
        {"RestoreTime": point["restoreTime"]}
        if point.get("restoreTime")
        else {"UseLatestRestorableTime": True}
    )
    return Call(
        "RestoreDBInstanceToPointInTime",
        {
            "SourceDBInstanceIdentifier": point[_IDENTIFIER],
            "TargetDBInstanceIdentifier": "{identifier}",
            **moment,
        },
    )


def _copied(context: Context, point: Properties) -> Properties:
    """Return user and database of what copied backups are of."""
    if context.instance is None:
        return {"MasterUsername": "restored"}
    saved = Databases(context.instance).backups(_name(point)).record()
    return {"MasterUsername": saved["master_user"], "DBName": saved["database"]}


def restore_server(
    inputs: Properties, servers: Databases, database: Database, password: str
) -> bool:
    """Make the local server out of what the instance comes from; False for an empty one."""
    if snapshot := inputs.get(_SNAPSHOT):
        servers.restore(database, snapshot.rpartition(":")[2], password)
    elif point := inputs.get(_POINT):
        servers.restore_to(database, _name(point), point.get("restoreTime"), password)
    else:
        return False
    return True


def _name(point: Properties) -> str:
    """Return the name of the local backups: an identifier, or the last part of an ARN."""
    return str(point.get(_IDENTIFIER) or point[_ARN]).rpartition(":")[2]
