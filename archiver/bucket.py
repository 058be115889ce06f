"""The part of S3 that the archiver needs. Encryption is the bucket's default."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

# What nobody can read without restoring it first.
_ARCHIVED = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class AlreadyThere(Exception):
    """An object of this name exists: someone else does the same work at the same time."""


@dataclass(frozen=True)
class Entry:
    """An object in a listing; ``size`` in bytes."""

    key: str
    size: int
    readable: bool


class Bucket:
    """One bucket, with the credentials that the pod's role gives."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._client: Any = boto3.client("s3")

    def put(self, key: str, body: bytes) -> None:
        """Write an object whole: a reader sees all of it, or what was there before."""
        self._client.put_object(Bucket=self.name, Key=key, Body=body)

    def put_new(self, key: str, body: bytes) -> None:
        """Write an object that must not be there yet; AlreadyThere if it is."""
        try:
            self._client.put_object(Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in _TAKEN:
                raise AlreadyThere(key) from error
            raise

    def get(self, key: str) -> bytes | None:
        """Return an object's content, or None if there is no such object."""
        try:
            answer = self._client.get_object(Bucket=self.name, Key=key)
        except self._client.exceptions.NoSuchKey:
            return None
        content: bytes = answer["Body"].read()
        return content

    def page(self, prefix: str, after: str = "") -> tuple[list[Entry], str | None]:
        """Return a thousand objects after a key at most, and the key to go on after, if any."""
        given = {"StartAfter": after} if after else {}
        answer = self._client.list_objects_v2(Bucket=self.name, Prefix=prefix, **given)
        entries = [
            Entry(one["Key"], one["Size"], one.get("StorageClass") not in _ARCHIVED)
            for one in answer.get("Contents", [])
        ]
        return entries, entries[-1].key if answer["IsTruncated"] else None

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield every object below a prefix, in the order of their keys."""
        after: str | None = ""
        while after is not None:
            found, after = self.page(prefix, after)
            yield from found
