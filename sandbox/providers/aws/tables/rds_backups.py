"""Copies of an instance's automated backups in another region."""

from sandbox.providers.aws.table import Call, ResourceType

_NOT_IN_MOTO = "moto's RDS has no replication of automated backups"

REPLICATION = ResourceType(
    type="aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
    service="rds",
    create=Call("StartDBInstanceAutomatedBackupsReplication"),
    id="{sourceDbInstanceArn}",
    rename={
        "sourceDbInstanceArn": "SourceDBInstanceArn",
        "retentionPeriod": "BackupRetentionPeriod",
    },
    defaults={"retentionPeriod": 7},
    kept_in_state=_NOT_IN_MOTO,
)

TYPES = (REPLICATION,)
