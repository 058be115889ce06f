"""The bucket of a stack's state, and its copy in another region."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.iam_policies import replication_policy, service_trust, tls_only_bucket_policy
from ops.bootstrap.part import Clients, code, within
from ops.bootstrap.target import BootstrapError, Target

# How long an overwritten state can be had back, and the copies that the engine makes beside it.
KEPT_DAYS = 180
_BACKUPS = ".pulumi/backups/"  # pkg/backend/diy of Pulumi 3.259
_POLICY = "replication"
_UNSET = {
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ReplicationConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}


@dataclass(frozen=True)
class _Setting:
    """One setting of a bucket: S3's two operations, the argument, and what it must be."""

    says: str
    operation: str
    argument: str
    wanted: Any

    def is_set(self, s3: Any, **bucket: str) -> bool:
        try:
            answer = getattr(s3, f"get_{self.operation}")(**bucket)
        except ClientError as error:
            if code(error) in _UNSET:
                return False
            raise
        if self.argument == "Policy":
            return json.loads(answer["Policy"]) == json.loads(self.wanted)
        return within(self.wanted, answer.get(self.argument, answer))

    def put(self, s3: Any, **bucket: str) -> None:
        getattr(s3, f"put_{self.operation}")(**bucket, **{self.argument: self.wanted})


class StateBucket:
    """A private bucket: versioned, encrypted with the state's key, reached by TLS only."""

    def __init__(
        self, target: Target, region: str, key_arn: Callable[[], str | None], clients: Clients
    ) -> None:
        self.name = target.bucket(region)
        self._target, self._region, self._key_arn = target, region, key_arn
        self._s3 = clients("s3", region)
        self._bucket = {"Bucket": self.name, "ExpectedBucketOwner": target.account}

    @property
    def title(self) -> str:
        return f"bucket {self.name}"

    @property
    def arn(self) -> str:
        return f"arn:{self._target.partition}:s3:::{self.name}"

    def missing(self) -> list[str]:
        if not self._exists():
            return ["create it", *(setting.says for setting in self._settings())]
        return [one.says for one in self._settings() if not one.is_set(self._s3, **self._bucket)]

    def make(self) -> None:
        if not self._exists():
            self._create()
        for setting in self._settings():
            if not setting.is_set(self._s3, **self._bucket):
                setting.put(self._s3, **self._bucket)

    def _exists(self) -> bool:
        """Tell whether the account has it; one that another account has is an error."""
        owned = self._s3.list_buckets(Prefix=self.name).get("Buckets", [])
        if any(bucket["Name"] == self.name for bucket in owned):
            return True
        try:
            self._s3.head_bucket(Bucket=self.name)
        except ClientError as error:
            if code(error) in ("404", "NoSuchBucket"):
                return False
            if code(error) != "403":
                raise
        raise BootstrapError(self._of_another())

    def _create(self) -> None:
        # us-east-1 is the default, and the one region that may not be named.
        where = (
            {}
            if self._region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        )
        try:
            self._s3.create_bucket(Bucket=self.name, ObjectOwnership="BucketOwnerEnforced", **where)
        except ClientError as error:
            if code(error) == "BucketAlreadyExists":
                raise BootstrapError(self._of_another()) from error
            if code(error) != "BucketAlreadyOwnedByYou":
                raise

    def _of_another(self) -> str:
        return (
            f"bucket {self.name} belongs to another account than {self._target.account}; whoever "
            "has it would get the stack's state. Find out whose it is, or choose another region"
        )

    def _settings(self) -> Iterator[_Setting]:
        yield _Setting(
            "refuse public access",
            "public_access_block",
            "PublicAccessBlockConfiguration",
            {
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        yield _Setting(
            "keep every version of the state",
            "bucket_versioning",
            "VersioningConfiguration",
            {"Status": "Enabled"},
        )
        yield _Setting(
            "encrypt with the state's key",
            "bucket_encryption",
            "ServerSideEncryptionConfiguration",
            {
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": {
                            "SSEAlgorithm": "aws:kms",
                            "KMSMasterKeyID": self._key_arn(),
                        },
                        "BucketKeyEnabled": True,
                    }
                ]
            },
        )
        yield _Setting(
            "refuse requests without TLS",
            "bucket_policy",
            "Policy",
            tls_only_bucket_policy(self.arn),
        )
        yield _Setting(
            f"let overwritten versions end after {KEPT_DAYS} days",
            "bucket_lifecycle_configuration",
            "LifecycleConfiguration",
            {
                "Rules": [
                    {
                        "ID": "overwritten",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_DAYS},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    },
                    {
                        "ID": "engine-backups",
                        "Status": "Enabled",
                        "Filter": {"Prefix": _BACKUPS},
                        "Expiration": {"Days": KEPT_DAYS},
                    },
                ]
            },
        )


@dataclass(frozen=True, kw_only=True)
class Replication:
    """S3 copies what is written from now on into the other region's bucket, deletions not."""

    target: Target
    region: str
    source: StateBucket
    destination: StateBucket
    source_key: Callable[[], str | None]
    destination_key: Callable[[], str | None]
    clients: Clients

    @property
    def title(self) -> str:
        return f"copying into {self.destination.name}"

    def missing(self) -> list[str]:
        wrong = []
        if self._policy() is None:
            wrong.append(f"create role {self.target.role}")
        elif not within(json.loads(self._wanted_policy()), self._policy()):
            wrong.append(f"set the policy of role {self.target.role}")
        if not self._setting().is_set(self._s3, **self._bucket):
            wrong.append("turn it on")
        return wrong

    def make(self) -> None:
        iam = self.clients("iam", self.target.region)
        try:
            iam.create_role(
                RoleName=self.target.role,
                AssumeRolePolicyDocument=service_trust("s3.amazonaws.com"),
                Tags=[{"Key": key, "Value": value} for key, value in self.target.tags.items()],
            )
        except ClientError as error:
            if code(error) != "EntityAlreadyExists":
                raise
        iam.put_role_policy(
            RoleName=self.target.role,
            PolicyName=_POLICY,
            PolicyDocument=self._wanted_policy(),
        )
        self._setting().put(self._s3, **self._bucket)

    @property
    def _s3(self) -> Any:
        return self.clients("s3", self.target.region)

    @property
    def _bucket(self) -> dict[str, str]:
        return {"Bucket": self.source.name, "ExpectedBucketOwner": self.target.account}

    def _policy(self) -> Any:
        iam = self.clients("iam", self.target.region)
        try:
            found = iam.get_role_policy(RoleName=self.target.role, PolicyName=_POLICY)
        except ClientError as error:
            if code(error) == "NoSuchEntity":
                return None
            raise
        return found["PolicyDocument"]

    def _wanted_policy(self) -> str:
        return replication_policy(
            source=self.source.arn,
            destination=self.destination.arn,
            source_key=self.source_key() or "",
            destination_key=self.destination_key() or "",
            regions=(self.target.region, self.region),
        )

    def _setting(self) -> _Setting:
        role = f"arn:{self.target.partition}:iam::{self.target.account}:role/{self.target.role}"
        return _Setting(
            "turn it on",
            "bucket_replication",
            "ReplicationConfiguration",
            {
                "Role": role,
                "Rules": [
                    {
                        "ID": "state",
                        "Priority": 1,
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "DeleteMarkerReplication": {"Status": "Disabled"},
                        "SourceSelectionCriteria": {
                            "SseKmsEncryptedObjects": {"Status": "Enabled"}
                        },
                        "Destination": {
                            "Bucket": self.destination.arn,
                            "EncryptionConfiguration": {"ReplicaKmsKeyID": self.destination_key()},
                        },
                    }
                ],
            },
        )
