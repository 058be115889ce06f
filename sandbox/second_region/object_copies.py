"""Objects of buckets that are replicated into the second region."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.paths import Instance
from sandbox.second_region.aws import Resource, client, of_type

_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_INDEX = "index.json"


def read_objects(
    resources: Sequence[Resource], home: Instance, home_region: str, directory: Path
) -> list[dict[str, Any]]:
    """Save the objects that enabled rules cover, and return where they go.

    What counts is the bucket's own replication, which moto stores and does not follow. Current
    versions only, as far as they are there now.
    """
    s3, found = client(home, "s3", home_region), []
    for resource in of_type(resources, _REPLICATION):
        bucket = resource["inputs"]["bucket"]
        for rule in s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"]:
            if rule["Status"] != "Enabled":
                continue
            target = rule["Destination"]["Bucket"].rpartition(":")[2]
            folder = directory / target
            count = _save(s3, bucket, rule.get("Filter", {}).get("Prefix", ""), folder)
            found.append({"source": bucket, "bucket": target, "objects": count})
    return found


def _save(s3: Any, bucket: str, prefix: str, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    index: dict[str, str] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", []):
            name = str(len(index))
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            (folder / name).write_bytes(body)
            index[name] = entry["Key"]
    (folder / _INDEX).write_text(json.dumps(index))
    return len(index)


def place_objects(
    buckets: list[dict[str, Any]], recovery: Instance, region: str, directory: Path
) -> None:
    """Make the buckets of copies with the saved objects."""
    s3 = client(recovery, "s3", region)
    for name in {one["bucket"] for one in buckets}:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        folder = directory / name
        for file, key in json.loads((folder / _INDEX).read_text()).items():
            s3.put_object(Bucket=name, Key=key, Body=(folder / file).read_bytes())
