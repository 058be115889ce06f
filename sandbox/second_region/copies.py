"""What AWS copies between two regions, as the stack of the first has it configured.

Nothing is copied that the stack does not ask to have copied: a replica that the program forgets is
missing after the loss, as it would be on AWS. Copies stand in a folder of their own, apart from
both sandboxes, so that they outlive either.
"""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox import lifecycle
from sandbox.paths import Instance
from sandbox.second_region.aws import client
from sandbox.second_region.backup_copies import place_backups, read_backups
from sandbox.second_region.object_copies import place_objects, read_objects
from sandbox.second_region.secret_copies import (
    place_keys,
    place_secrets,
    read_keys,
    read_secrets,
)
from sandbox.whole_file import write_file

_MANIFEST = "copies.json"


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What stands in the second region of a stack's, and what IAM, which has no region, has."""

    region: str
    keys: list[dict[str, str]] = field(default_factory=list)
    secrets: list[dict[str, Any]] = field(default_factory=list, repr=False)
    buckets: list[dict[str, Any]] = field(default_factory=list)
    backups: list[dict[str, Any]] = field(default_factory=list)
    roles: list[dict[str, str]] = field(default_factory=list)

    def backup_of(self, database: str) -> dict[str, Any] | None:
        """Return the copied backups of a database; None if it has none there."""
        return next((one for one in self.backups if one["source"] == database), None)

    @property
    def secret_names(self) -> list[str]:
        return [secret["name"] for secret in self.secrets]


class Copies:
    """The copies of one region, in a folder that only its owner may read: it holds secrets."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def take(self, home: Instance, region: str) -> Copied:
        """Copy all that the running stack replicates into ``region``, in place of any before."""
        self.discard()
        self._directory.mkdir(parents=True, mode=0o700)
        with lifecycle.exclusively(home):
            resources = lifecycle.running_engine(home).resources()
            from_ = lifecycle.region(home)
            copied = Copied(
                region=region,
                keys=read_keys(resources, region),
                secrets=read_secrets(resources, home, from_, region),
                buckets=read_objects(resources, home, from_, self._directory / "objects"),
                backups=read_backups(resources, home, region, self._directory / "backups"),
                roles=_roles(home, from_),
            )
        write_file(self._directory / _MANIFEST, json.dumps(asdict(copied)))
        return copied

    def taken(self) -> Copied:
        """Return what was copied; FileNotFoundError if nothing was, or not to the end."""
        return Copied(**json.loads((self._directory / _MANIFEST).read_text()))

    def place(self, recovery: Instance) -> None:
        """Put the copies into the AWS of the sandbox that is the second region."""
        copied = self.taken()
        iam = client(recovery, "iam", copied.region)
        for role in copied.roles:
            iam.create_role(
                RoleName=role["name"], AssumeRolePolicyDocument=role["trust"], Path=role["path"]
            )
        keys = place_keys(copied.keys, recovery, copied.region)
        place_secrets(copied.secrets, recovery, copied.region, keys)
        place_objects(copied.buckets, recovery, copied.region, self._directory / "objects")
        place_backups(copied.backups, recovery, self._directory / "backups")

    def discard(self) -> None:
        """Delete the copies."""
        shutil.rmtree(self._directory, ignore_errors=True)


def _roles(home: Instance, region: str) -> list[dict[str, str]]:
    """Return IAM's roles: their names stay taken when a region is lost."""
    pages = client(home, "iam", region).get_paginator("list_roles").paginate()
    return [
        {
            "name": role["RoleName"],
            "trust": json.dumps(role["AssumeRolePolicyDocument"]),
            "path": role["Path"],
        }
        for page in pages
        for role in page["Roles"]
    ]
