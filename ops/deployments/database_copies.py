"""Snapshots of a stack's database, and databases that are made from them for a while."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ops.deployments.errors import DeploymentError
from sandbox.backing_services import Databases
from sandbox.paths import Instance
from sandbox.stack_operations import Report

# RDS takes minutes to hours for either, by the size of the database (docs/runbooks/restore.md).
_SECONDS = 6 * 3600
_POLL_SECONDS = 15


class DatabaseCopies:
    """The calls to RDS that copy a database. Every one may be repeated.

    Raises DeploymentError for what does not become available.
    """

    def __init__(self, client: Any, poll_seconds: float = _POLL_SECONDS) -> None:
        self._client = client
        self._poll_seconds = poll_seconds

    def snapshot(self, identifier: str, name: str, tags: Mapping[str, str], told: Report) -> None:
        """Take a snapshot of an instance that goes on serving; return when it can be restored."""
        self._client.create_db_snapshot(
            DBInstanceIdentifier=identifier, DBSnapshotIdentifier=name, Tags=_tags(tags)
        )

        def status() -> str:
            found = self._client.describe_db_snapshots(DBSnapshotIdentifier=name)
            return str(found["DBSnapshots"][0]["Status"])

        self._wait(f"the snapshot {name}", status, told)

    def restore(
        self, snapshot: str, beside: str, identifier: str, tags: Mapping[str, str], told: Report
    ) -> str:
        """Make an instance from a snapshot, in the network of another one; return its host name.

        It has the users and passwords of the snapshot, one zone, and nothing that protects it.
        """
        like = self._instance(beside)
        if like is None:
            raise DeploymentError(f"there is no database {beside}")
        self._client.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=identifier,
            DBSnapshotIdentifier=snapshot,
            DBInstanceClass=like["DBInstanceClass"],
            DBSubnetGroupName=like["DBSubnetGroup"]["DBSubnetGroupName"],
            DBParameterGroupName=like["DBParameterGroups"][0]["DBParameterGroupName"],
            VpcSecurityGroupIds=[one["VpcSecurityGroupId"] for one in like["VpcSecurityGroups"]],
            MultiAZ=False,
            PubliclyAccessible=False,
            DeletionProtection=False,
            CopyTagsToSnapshot=False,
            AutoMinorVersionUpgrade=False,
            Tags=_tags(tags),
        )

        def status() -> str:
            return str((self._instance(identifier) or {}).get("DBInstanceStatus"))

        self._wait(f"the database {identifier}", status, told)
        self._unprotect(identifier)
        return str((self._instance(identifier) or {})["Endpoint"]["Address"])

    def delete(self, identifier: str, told: Report) -> bool:
        """Delete an instance and all that it would leave; False if there is none of that name."""
        found = self._instance(identifier)
        if found is None:
            return False
        if found["DBInstanceStatus"] != "deleting":
            self._settle(identifier, told)
            self._unprotect(identifier)
            self._client.delete_db_instance(
                DBInstanceIdentifier=identifier,
                SkipFinalSnapshot=True,
                DeleteAutomatedBackups=True,
            )
        deadline = time.monotonic() + _SECONDS
        while self._instance(identifier):
            told(f"the database {identifier} is being deleted")
            self._pause(deadline, f"the database {identifier} is still being deleted")
        return True

    def _unprotect(self, identifier: str) -> None:
        """Take off a protection that came from the database of the snapshot."""
        if (self._instance(identifier) or {}).get("DeletionProtection"):
            self._client.modify_db_instance(
                DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True
            )

    def _settle(self, identifier: str, told: Report) -> None:
        """Wait while an instance is being made: RDS deletes none then."""
        deadline = time.monotonic() + _SECONDS
        while (found := self._instance(identifier)) and found["DBInstanceStatus"] == "creating":
            told(f"the database {identifier} is still being made")
            self._pause(deadline, f"the database {identifier} is still being made")

    def _wait(self, what: str, status: Any, told: Report) -> None:
        deadline = time.monotonic() + _SECONDS
        while (now := status()) != "available":
            if now in ("failed", "incompatible-restore", "incompatible-network", "storage-full"):
                raise DeploymentError(f"{what} is {now}; see the events of RDS")
            told(f"{what} is {now}")
            self._pause(deadline, f"{what} is still {now}")

    def _pause(self, deadline: float, complaint: str) -> None:
        if time.monotonic() > deadline:
            raise DeploymentError(f"{complaint} after {_SECONDS // 3600} hours; see RDS's events")
        time.sleep(self._poll_seconds)

    def _instance(self, identifier: str) -> dict[str, Any] | None:
        try:
            found = self._client.describe_db_instances(DBInstanceIdentifier=identifier)
        except self._client.exceptions.DBInstanceNotFoundFault:
            return None
        return found["DBInstances"][0]


class SandboxDatabaseCopies(DatabaseCopies):
    """The same calls to the sandbox's AWS, and the servers of this machine that it stands for."""

    def __init__(self, client: Any, instance: Instance) -> None:
        super().__init__(client, poll_seconds=0.2)
        self._servers = Databases(instance)

    def snapshot(self, identifier: str, name: str, tags: Mapping[str, str], told: Report) -> None:
        super().snapshot(identifier, name, tags, told)
        self._servers.snapshot(identifier, name)

    def restore(
        self, snapshot: str, beside: str, identifier: str, tags: Mapping[str, str], told: Report
    ) -> str:
        super().restore(snapshot, beside, identifier, tags, told)
        copy = replace(self._servers.get(beside), identifier=identifier)
        return self._servers.restore(copy, snapshot, secrets.token_urlsafe(24))

    def delete(self, identifier: str, told: Report) -> bool:
        found = super().delete(identifier, told)
        self._servers.delete(identifier)
        return found


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
