"""Copies of a state: files, or objects in a bucket."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from ops.state.stack_state import Document, StateError
from sandbox.whole_file import write_file

Clients = Callable[[str], Any]


def copy_name(project: str, stack: str, now: datetime) -> str:
    """Return the name of a copy that is made now; names sort by time."""
    return f"{project}.{stack}.{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.json"


def write_copy(place: str, name: str, document: Document, aws: Clients) -> str:
    """Keep a copy below a directory or ``s3://bucket/prefix``; return where it is.

    A file is readable by its owner only. Raises StateError where it cannot be written.
    """
    text = json.dumps(document, indent=1).encode()
    if place.startswith("s3://"):
        bucket, prefix = _bucket(place)
        key = f"{prefix.rstrip('/')}/{name}".lstrip("/")
        try:
            aws("s3").put_object(Bucket=bucket, Key=key, Body=text, ContentType="application/json")
        except ClientError as error:
            raise StateError(f"{place}: {error}") from error
        return f"s3://{bucket}/{key}"
    directory = Path(place)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / name
    write_file(path, text)
    return str(path)


def read_copy(place: str, aws: Clients) -> Document:
    """Return a copy; raise StateError, which names the place, for what is none."""
    try:
        document = json.loads(_bytes(place, aws))
    except json.JSONDecodeError as error:
        raise StateError(f"{place} is not a copy of a state: it is not JSON ({error})") from error
    if not isinstance(document, dict) or "deployment" not in document:
        raise StateError(f"{place} is not a copy of a state: `pulumi stack export` writes one")
    return document


def _bytes(place: str, aws: Clients) -> bytes:
    try:
        if place.startswith("s3://"):
            bucket, key = _bucket(place)
            return aws("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return Path(place).read_bytes()
    except (ClientError, OSError) as error:
        raise StateError(f"{place}: {error}") from error


def _bucket(place: str) -> tuple[str, str]:
    parts = urlsplit(place)
    if not parts.netloc:
        raise StateError(f"{place!r} names no bucket; give s3://bucket/prefix")
    return parts.netloc, parts.path.lstrip("/")
