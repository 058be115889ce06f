"""Automated backups of databases that are replicated into the second region."""

import hashlib
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.backing_services import Databases
from sandbox.paths import Instance
from sandbox.second_region.aws import Resource, of_type

_REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"


def read_backups(
    resources: Sequence[Resource], home: Instance, region: str, directory: Path
) -> list[dict[str, Any]]:
    """Save the backups of each database that the stack replicates there, and tell what of.

    RDS sends its log every few minutes; here it sends all that is committed at this moment.
    """
    databases, found = Databases(home), []
    for resource in of_type(resources, _REPLICATION):
        if resource["inputs"].get("region") != region:
            continue
        source = resource["inputs"]["sourceDbInstanceArn"]
        identifier, taken = source.rpartition(":")[2], time.time()
        databases.archive(identifier)
        name = f"ab-{hashlib.sha256(source.encode()).hexdigest()[:26]}"
        directory.mkdir(parents=True, exist_ok=True)
        _copy(databases.backups(identifier).directory, directory / name)
        partition, account = source.split(":")[1], source.split(":")[4]
        arn = f"arn:{partition}:rds:{region}:{account}:auto-backup:{name}"
        found.append({"source": identifier, "arn": arn, "taken": taken})
    return found


def place_backups(backups: list[dict[str, Any]], recovery: Instance, directory: Path) -> None:
    """Have the saved backups in the second region, under the names of their copies."""
    for backup in backups:
        name = backup["arn"].rpartition(":")[2]
        target = Databases(recovery).backups(name).directory
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(directory / name, target)


def _copy(source: Path, target: Path) -> None:
    # With owners and modes: the files are those of PostgreSQL's user.
    subprocess.run(["cp", "--archive", str(source), str(target)], check=True)
