"""The key of a stack's state: it encrypts the bucket, and the secrets inside the state."""

import time
from typing import Any

from botocore.exceptions import ClientError

from infra.iam_policies import document
from ops.bootstrap.part import Clients, code
from ops.bootstrap.target import BootstrapError, Target

_NOT_FOUND = "NotFoundException"
_CREATION_SECONDS = 120


class StateKey:
    """A KMS key with an alias, which rotates every year.

    It is a multi-Region key, since that cannot be changed later: its copy elsewhere opens the same
    state (docs.aws.amazon.com/kms/latest/developerguide/mrk-how-it-works.html).
    """

    def __init__(self, target: Target, clients: Clients) -> None:
        self._target = target
        self._kms = clients("kms", target.region)

    @property
    def title(self) -> str:
        return f"key {self._target.alias} in {self._target.region}"

    @property
    def arn(self) -> str | None:
        """The key's ARN; None until it is made."""
        key = self._find()
        return key["Arn"] if key else None

    @property
    def id(self) -> str | None:
        """The key's id, which its copies have too; None until it is made."""
        key = self._find()
        return key["KeyId"] if key else None

    def missing(self) -> list[str]:
        key = self._find()
        if key is None:
            return ["create it, with yearly rotation"]
        _require_usable(key, self._target.alias)
        wrong = []
        if not self._has_alias():
            wrong.append("give it its alias")
        if not self._kms.get_key_rotation_status(KeyId=key["Arn"])["KeyRotationEnabled"]:
            wrong.append("let it rotate every year")
        return wrong

    def make(self) -> None:
        key = self._find() or self._create()
        if not self._has_alias():
            self._kms.create_alias(AliasName=self._target.alias, TargetKeyId=key["KeyId"])
        self._kms.enable_key_rotation(KeyId=key["KeyId"])

    def _create(self) -> dict[str, Any]:
        return self._kms.create_key(
            Description=f"Pulumi's state of {self._target.stack}: the bucket and its secrets",
            MultiRegion=True,
            Policy=key_policy(self._target),
            Tags=_kms_tags(self._target),
        )["KeyMetadata"]

    def _find(self) -> dict[str, Any] | None:
        return _describe(self._kms, self._target.alias) or self._without_alias()

    def _has_alias(self) -> bool:
        return _describe(self._kms, self._target.alias) is not None

    def _without_alias(self) -> dict[str, Any] | None:
        """Return the key of a run that was interrupted before it gave the alias."""
        wanted = _kms_tags(self._target)
        for page in self._kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                try:
                    tags = self._kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
                except ClientError as error:
                    # A key's own policy may keep an administrator out; such a key is not ours.
                    if code(error) != "AccessDeniedException":
                        raise
                    continue
                found = _describe(self._kms, key["KeyId"])
                if found and all(tag in tags for tag in wanted) and found["Enabled"]:
                    return found
        return None


class ReplicaKey:
    """The key's copy in the region of the state's copy, under the same alias."""

    def __init__(self, target: Target, region: str, primary: StateKey, clients: Clients) -> None:
        self._target, self._region, self._primary = target, region, primary
        self._here = clients("kms", target.region)
        self._there = clients("kms", region)

    @property
    def title(self) -> str:
        return f"copy of the key in {self._region}"

    @property
    def arn(self) -> str | None:
        key = self._find()
        return key["Arn"] if key else None

    def missing(self) -> list[str]:
        key = self._find()
        if key is None:
            return ["create it"]
        _require_usable(key, key["Arn"])
        named = _describe(self._there, self._target.alias)
        if named and named["KeyId"] != key["KeyId"]:
            raise BootstrapError(
                f"{self._target.alias} in {self._region} is another key, {named['Arn']}; delete "
                "the alias, or choose another region for the copy"
            )
        return [] if named else ["give it its alias"]

    def make(self) -> None:
        if self._find() is None:
            self._here.replicate_key(
                KeyId=self._primary.id,
                ReplicaRegion=self._region,
                Policy=key_policy(self._target),
                Tags=_kms_tags(self._target),
            )
        self._wait_until_enabled()
        if _describe(self._there, self._target.alias) is None:
            key = self._find()
            self._there.create_alias(
                AliasName=self._target.alias, TargetKeyId=key["KeyId"] if key else ""
            )

    def _find(self) -> dict[str, Any] | None:
        primary = self._primary.id
        return _describe(self._there, primary) if primary else None

    def _wait_until_enabled(self) -> None:
        """Wait out the state ``Creating``, which AWS says takes a few seconds."""
        deadline = time.monotonic() + _CREATION_SECONDS
        while time.monotonic() < deadline:
            key = self._find()
            if key and key["KeyState"] == "Enabled":
                return
            time.sleep(0.5)
        raise BootstrapError(
            f"the copy of the key in {self._region} is not ready after {_CREATION_SECONDS} s; run "
            "this command again"
        )


def key_policy(target: Target) -> str:
    """Return a policy that leaves it to IAM who in the account may use the key."""
    return document(
        {
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{target.partition}:iam::{target.account}:root"},
            "Action": "kms:*",
            # A key's policy is about that key alone, and `*` is how it says so.
            "Resource": "*",
        }
    )


def _describe(kms: Any, key: str) -> dict[str, Any] | None:
    try:
        return kms.describe_key(KeyId=key)["KeyMetadata"]
    except ClientError as error:
        if code(error) == _NOT_FOUND:
            return None
        raise


def _require_usable(key: dict[str, Any], name: str) -> None:
    if key["KeyState"] == "PendingDeletion":
        raise BootstrapError(
            f"{name} is scheduled for deletion, and the secrets of the state with it; run "
            f"`aws kms cancel-key-deletion --key-id {key['Arn']}`, then enable it"
        )
    if key["KeyState"] == "Disabled":
        raise BootstrapError(f"{name} is disabled; run `aws kms enable-key --key-id {key['Arn']}`")
    if not key.get("MultiRegion"):
        raise BootstrapError(
            f"{name} is a key of one region, made by someone else; give it another alias, and run "
            "this command again"
        )


def _kms_tags(target: Target) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in target.tags.items()]
