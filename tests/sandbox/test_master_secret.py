"""The secret of a database's master user, of which a restored database has one like any other."""

import uuid
from typing import Any

from moto_client import client


def secrets_of(identifier: str) -> list[Any]:
    found = client("secretsmanager").list_secrets()["SecretList"]
    return [one for one in found if one.get("Description", "").endswith(f":{identifier}")]


def test_a_restored_database_leaves_no_secret_behind() -> None:
    rds, mark = client("rds"), uuid.uuid4().hex[:8]
    first, second = f"first-{mark}", f"second-{mark}"
    rds.create_db_instance(
        DBInstanceIdentifier=first,
        Engine="postgres",
        DBInstanceClass="db.t4g.small",
        AllocatedStorage=20,
        MasterUsername="postgres",
        ManageMasterUserPassword=True,
    )
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=first,
        TargetDBInstanceIdentifier=second,
        UseLatestRestorableTime=True,
    )
    rds.modify_db_instance(
        DBInstanceIdentifier=second, ManageMasterUserPassword=True, ApplyImmediately=True
    )
    assert [len(secrets_of(name)) for name in (first, second)] == [1, 1]
    for name in (first, second):
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    assert secrets_of(first) + secrets_of(second) == []
