"""What a destroyed stack leaves behind: foreseen from its state, then looked up in AWS."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from ops.deployments.deployment import Deployment
from ops.state.stack_state import Document, resources

_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
_KEY = "aws:kms/key:Key"
_BUCKET = "aws:s3/bucket:Bucket"
_DATABASE = "aws:rds/instance:Instance"
_CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"


@dataclass(frozen=True)
class Remains:
    """One thing that outlives the stack: what it is, where, and what becomes of it.

    ``until`` is a number of days before the deletion, the day of it (ISO 8601) after, and empty
    for what nobody deletes.
    """

    kind: str
    name: str
    region: str
    until: str
    advice: str

    def as_document(self) -> dict[str, str]:
        return asdict(self)

    @property
    def line(self) -> str:
        until = f", {self.until}" if self.until else ", until it is deleted by hand"
        return f"{self.kind} {self.name}{until}: {self.advice}"


def foreseen(document: Document) -> list[Remains]:
    """Return what will be left when every resource of a state is deleted."""
    return [left for resource in resources(document) for left in _of(resource)]


def _of(resource: Document) -> Iterator[Remains]:
    kind, found = resource["type"], resource.get("outputs") or {}
    region = str(found.get("region") or "")
    if resource.get("retainOnDelete"):
        if kind == _SECRET:
            yield Remains(
                "secret", str(found["name"]), region, "", "kept; `secrets.saltKey: adopt` takes it"
            )
        if kind == _BUCKET:
            yield Remains(
                "bucket",
                str(found["bucket"]),
                region,
                "",
                "kept with all that is in it; a new stack of this name needs `aws.bucketSuffix`",
            )
        return
    if kind == _SECRET and (days := found.get("recoveryWindowInDays")):
        yield Remains(
            "secret",
            str(found["name"]),
            region,
            f"{days:g} days",
            "`aws secretsmanager restore-secret` brings it back",
        )
    if kind == _KEY and (days := found.get("deletionWindowInDays")):
        purpose = str(found.get("description") or "").partition(": ")[2]
        yield Remains(
            "key",
            str(found["keyId"]),
            region,
            f"{days:g} days",
            f"opens what is under it ({purpose}); `aws kms cancel-key-deletion` keeps it",
        )
    if kind == _DATABASE and not found.get("skipFinalSnapshot"):
        name = str(found["finalSnapshotIdentifier"])
        yield Remains("database snapshot", name, region, "", "`restore.snapshot` takes it")
    if kind == _CACHE and (name := found.get("finalSnapshotIdentifier")):
        yield Remains("cache snapshot", str(name), region, "", "holds nothing that is needed")


def present(expected: list[Remains], deployment: Deployment) -> list[Remains]:
    """Return those that are really there, with the day of their end; ask AWS for each."""
    return [found for one in expected if (found := _looked_up(one, deployment.aws)) is not None]


def _looked_up(one: Remains, aws: Callable[[str, str | None], Any]) -> Remains | None:
    region = one.region or None
    try:
        until = _LOOK[one.kind](one.name, lambda service: aws(service, region))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if any(word in code for word in ("NotFound", "404", "NoSuchBucket")):
            return None
        raise
    return Remains(one.kind, one.name, one.region, until, one.advice)


def _secret(name: str, client: Callable[[str], Any]) -> str:
    found = client("secretsmanager").describe_secret(SecretId=name)
    return _day(found.get("DeletedDate"))


def _key(name: str, client: Callable[[str], Any]) -> str:
    found = client("kms").describe_key(KeyId=name)["KeyMetadata"]
    return _day(found.get("DeletionDate"))


def _bucket(name: str, client: Callable[[str], Any]) -> str:
    client("s3").head_bucket(Bucket=name)
    return ""


def _database_snapshot(name: str, client: Callable[[str], Any]) -> str:
    client("rds").describe_db_snapshots(DBSnapshotIdentifier=name)
    return ""


def _cache_snapshot(name: str, client: Callable[[str], Any]) -> str:
    # It answers an unknown name with an empty list; whether it is there matters to nobody.
    client("elasticache").describe_snapshots(SnapshotName=name)
    return ""


def _day(moment: Any) -> str:
    return f"until {moment:%Y-%m-%d}" if moment else ""


_LOOK: dict[str, Callable[[str, Callable[[str], Any]], str]] = {
    "secret": _secret,
    "key": _key,
    "bucket": _bucket,
    "database snapshot": _database_snapshot,
    "cache snapshot": _cache_snapshot,
}
