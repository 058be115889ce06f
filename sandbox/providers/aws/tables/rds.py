"""RDS instances.

In a sandbox an instance is a PostgreSQL server of this machine; moto has its description.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from sandbox.backing_services import Database, Databases
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.lifecycle import missing_is_none
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.aws.tables import rds_restores
from sandbox.providers.aws.tables.rds_groups import RDS_TAGS, user_parameters

_INSTANCE = {"DBInstanceIdentifier": "{id}"}
_PASSWORD_BYTES = 24


def _create_instance(context: Context) -> str:
    if not rds_restores.restore(context, INSTANCE):
        password = context.inputs.get("password")
        extra = {"MasterUserPassword": password} if password else {}
        context.call(INSTANCE.create, extra={**extra, **rds_restores.tags(context)})
    return str(context.inputs["identifier"])


def _master_password(context: Context) -> str:
    """Return the master password; one that RDS manages is made here and put into its secret.

    moto gives every managed secret the same content.
    """
    if not context.inputs.get("manageMasterUserPassword"):
        password = context.inputs.get("password")
        if not password:
            raise LookupError(
                "a password is needed: set password, or manageMasterUserPassword to true"
            )
        return str(password)
    description = context.client().describe_db_instances(DBInstanceIdentifier=context.id)
    instance = description["DBInstances"][0]
    content = {
        "username": instance["MasterUsername"],
        "password": secrets.token_urlsafe(_PASSWORD_BYTES),
    }
    context.client("secretsmanager").put_secret_value(
        SecretId=instance["MasterUserSecret"]["SecretArn"], SecretString=json.dumps(content)
    )
    return content["password"]


def _start_server(context: Context) -> None:
    password = _master_password(context)
    if context.instance is None:
        return
    inputs = context.inputs
    database = Database(
        identifier=context.id,
        master_user=inputs.get("username") or "",
        database=inputs.get("dbName"),
        port=inputs.get("port") or 5432,
        parameters=user_parameters(context, inputs.get("parameterGroupName")),
    )
    servers = Databases(context.instance)
    if not rds_restores.restore_server(inputs, servers, database, password):
        servers.create(database, password)


def _change_server(context: Context, changed: set[str]) -> None:
    managed = "manageMasterUserPassword" in changed
    if managed or "password" in changed:
        if context.inputs.get("password"):
            context.client().modify_db_instance(
                DBInstanceIdentifier=context.id,
                MasterUserPassword=context.inputs["password"],
                ApplyImmediately=True,
            )
        password = _master_password(context)
        if context.instance:
            Databases(context.instance).change_password(context.id, password)
    if "port" in changed and context.instance:
        Databases(context.instance).change_port(context.id, context.inputs["port"])
    if "parameterGroupName" in changed and context.instance:
        parameters = user_parameters(context, context.inputs.get("parameterGroupName"))
        Databases(context.instance).change_parameters(context.id, parameters)


def _delete_instance(context: Context) -> None:
    values: Mapping[str, Any] = context.values
    client = context.client()
    found = missing_is_none(lambda: client.describe_db_instances(DBInstanceIdentifier=context.id))
    if found and context.undoing:
        client.modify_db_instance(
            DBInstanceIdentifier=context.id, DeletionProtection=False, ApplyImmediately=True
        )
        found["DBInstances"][0]["DeletionProtection"] = False
        values = {"skipFinalSnapshot": True}
    snapshot = values.get("finalSnapshotIdentifier")
    if not values.get("skipFinalSnapshot") and not snapshot:
        raise LookupError(
            "finalSnapshotIdentifier is needed for the deletion unless skipFinalSnapshot is true"
        )
    wanted = snapshot if not values.get("skipFinalSnapshot") else None
    if found and found["DBInstances"][0].get("DeletionProtection"):
        raise LookupError(
            f"the database {context.id} has deletion protection; "
            "set deletionProtection to false first"
        )
    servers = Databases(context.instance) if context.instance else None
    if servers and found and wanted:
        servers.snapshot(context.id, wanted)
    if found:
        how: Properties = (
            {"FinalDBSnapshotIdentifier": wanted} if wanted else {"SkipFinalSnapshot": True}
        )
        client.delete_db_instance(DBInstanceIdentifier=context.id, **how)
    if servers:
        servers.delete(context.id)


def _address(context: Context, description: Properties) -> Any:
    if context.instance:
        return Databases(context.instance).address(context.id)
    return (description.get("Endpoint") or {}).get("Address")


def _endpoint(context: Context, description: Properties) -> str:
    return f"{_address(context, description)}:{_port(context, description)}"


def _port(context: Context, description: Properties) -> int:
    given = context.inputs.get("port") or (description.get("Endpoint") or {}).get("Port")
    return int(given or 5432)


def _secrets(_context: Context, description: Properties) -> list[Properties]:
    secret = description.get("MasterUserSecret")
    if not secret:
        return []
    return [
        {
            "kmsKeyId": secret.get("KmsKeyId", ""),
            "secretArn": secret["SecretArn"],
            # moto calls it creating until it is asked a second time.
            "secretStatus": "active",
        }
    ]


def _resource_id(_context: Context, description: Properties) -> str:
    """An id that no other instance ever gets; moto gives all of them the same one."""
    life = f"{description['DBInstanceArn']} {description['InstanceCreateTime']}"
    return f"db-{hashlib.sha256(life.encode()).hexdigest()[:26].upper()}"


def _engine_version(context: Context, description: Properties) -> str:
    """A program may name the major version alone; the minor one is then AWS's choice."""
    given, actual = context.inputs.get("engineVersion"), str(description.get("EngineVersion", ""))
    return given if given and actual.startswith(f"{given}.") else actual


def _identified(inputs: Properties) -> list[tuple[str, str]]:
    problems = list(rds_restores.problems(inputs))
    if inputs.get("password") and inputs.get("manageMasterUserPassword"):
        problems.append(("password", "cannot go together with manageMasterUserPassword"))
    if inputs.get("engine") not in (None, "postgres") and isinstance(inputs["engine"], str):
        problems.append(("engine", "has no local server; the sandbox runs postgres only"))
    return problems


INSTANCE = ResourceType(
    type="aws:rds/instance:Instance",
    service="rds",
    create=Call("CreateDBInstance"),
    # The real provider's id is RDS's resource id; moto looks instances up by their names.
    id="{identifier}",
    reads=(Call("DescribeDBInstances", _INSTANCE, result="DBInstances[0]"),),
    updates=(
        Call("ModifyDBInstance", {**_INSTANCE, "ApplyImmediately": True}),
        Call(
            "ModifyDBInstance",
            {**_INSTANCE, "ApplyImmediately": True},
            properties=("port",),
            build=lambda given: {"DBPortNumber": given["port"]},
        ),
    ),
    creating=_create_instance,
    created=_start_server,
    updated=_change_server,
    deleting=_delete_instance,
    check=_identified,
    rename={
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "backupWindow": "PreferredBackupWindow",
        "caCertIdentifier": "CACertificateIdentifier",
        "username": "MasterUsername",
        "parameterGroupName": "DBParameterGroupName",
    },
    outputs={
        "address": _address,
        "arn": "DBInstanceArn",
        "endpoint": _endpoint,
        "port": _port,
        "masterUserSecrets": _secrets,
        "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
        "parameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
        "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
        "engineVersion": _engine_version,
        "engineVersionActual": "EngineVersion",
        "resourceId": _resource_id,
        "status": "DBInstanceStatus",
        "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
        "identifier": lambda context, _found: context.id,
        "replicas": lambda _context, _found: [],
    },
    # moto keeps some of these from the creation only and lacks others.
    unread=(
        "caCertIdentifier",
        "enabledCloudwatchLogsExports",
        "latestRestorableTime",
        "masterUserSecretKmsKeyId",
        "maxAllocatedStorage",
        "monitoringInterval",
        "monitoringRoleArn",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "databaseInsightsMode",
        "restoreToPointInTime",
        "snapshotIdentifier",
    ),
    defaults={
        "applyImmediately": False,
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deleteAutomatedBackups": True,
        "monitoringInterval": 0,
        "publiclyAccessible": False,
        "skipFinalSnapshot": False,
    },
    name="identifier",
    name_prefix="identifierPrefix",
    name_length=63,
    name_lower_case=True,
    also=(
        "allowMajorVersionUpgrade",
        "applyImmediately",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
        "password",
        "restoreToPointInTime",
        "skipFinalSnapshot",
        "snapshotIdentifier",
    ),
    in_place=("enabledCloudwatchLogsExports",),
    replace=(
        "identifier",
        "engine",
        "username",
        "dbName",
        "storageEncrypted",
        "kmsKeyId",
        "availabilityZone",
        "restoreToPointInTime",
        "snapshotIdentifier",
    ),
    tagging=RDS_TAGS,
)

TYPES = (INSTANCE,)
