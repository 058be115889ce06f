"""A bucket that is written to while it is deleted."""

import uuid
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from moto_client import client as moto_client

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.tables.s3 import delete_by_force


class Delivered:
    """A client of S3, before whose deletions somebody delivers another log for a while."""

    def __init__(self, client: Any, deliveries: int) -> None:
        self._client, self._deliveries = client, deliveries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def delete_bucket(self, Bucket: str) -> None:
        if self._deliveries:
            self._deliveries -= 1
            self._client.put_object(Bucket=Bucket, Key=f"log-{self._deliveries}", Body=b"late")
        self._client.delete_bucket(Bucket=Bucket)


def is_deleted(deliveries: int, *, force: bool) -> bool:
    """Delete a bucket with an object in it, and tell whether it is gone."""
    client, name = moto_client("s3"), f"logs-{uuid.uuid4()}"
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key="log", Body=b"early")
    context = SimpleNamespace(
        values={"forceDestroy": force}, id=name, client=lambda: Delivered(client, deliveries)
    )
    delete_by_force(cast(Context, context))
    return name not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}


def test_it_is_emptied_again_as_long_as_logs_are_delivered() -> None:
    assert is_deleted(3, force=True)


def test_one_that_never_gets_empty_is_told() -> None:
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        is_deleted(1000, force=True)


def test_without_force_nothing_is_taken_out_of_it() -> None:
    assert not is_deleted(0, force=False)
