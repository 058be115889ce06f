"""Copies request logs to Parquet, in folders by day: ``python -m archiver.requests``.

LiteLLM puts the team and the key before the date (``logs/[team/][key/]2026-05-17/…``), and nobody
knows all teams beforehand, so no query can go straight to a day. The copy is laid out by day alone.

Every log object is in exactly one *plan*, a list that is written before the Parquet file of the
same name. Whatever ends the program, the next run first makes the files that are still missing from
their plans, then plans what is new: nothing is left out and nothing is there twice.

Environment: ``BUCKET``; ``AWS_*`` as boto3 reads them.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from archiver.bucket import Bucket, Entry
from archiver.layout import COPY, LOGS, METADATA, PAYLOAD, PLANS, REQUEST_COLUMNS, SESSION, Kind
from archiver.tables import Row, to_parquet

CHECKPOINT = f"{PLANS}checkpoint"

# How long after a request its log object may still come: LiteLLM gives up an object after an hour
# (s3_max_retry_age_seconds), but keeps all of them while the bucket cannot be reached.
_LATE = timedelta(days=3)
# What one Parquet file is made from. Parsed, JSON takes about ten times its size.
_BATCH_OBJECTS, _BATCH_BYTES = 2000, 16 * 1024 * 1024
_READERS = 8

# The folder of a log object is a day; all before it is up to the aliases of teams and keys.
_PLACE = re.compile(r"(?P<parent>.*/)(?P<day>\d{4}-\d{2}-\d{2})/[^/]+\.jsonl?", re.DOTALL)

_log = logging.getLogger(__name__)


@dataclass
class _Day:
    """What is planned for a day: digests of the keys of log objects, and how many plans."""

    planned: set[bytes] = field(default_factory=set)
    plans: int = 0
    waiting: list[str] = field(default_factory=list)
    waiting_bytes: int = 0

    def add(self, entry: Entry) -> None:
        self.waiting.append(entry.key)
        self.waiting_bytes += entry.size

    @property
    def is_full(self) -> bool:
        return len(self.waiting) >= _BATCH_OBJECTS or self.waiting_bytes >= _BATCH_BYTES


def copy(bucket: Bucket, today: date) -> int:
    """Copy every log object that is not in the copy yet; return how many there were."""
    last_complete = bucket.get(CHECKPOINT)
    first = str(date.fromisoformat(last_complete.decode()) - _LATE) if last_complete else ""
    days: dict[str, _Day] = {}
    copied = 0
    for name, entry in log_objects(bucket, first):
        if name not in days:
            days[name] = _taken_up(bucket, name)
        day = days[name]
        if not entry.readable or _digest(entry.key) in day.planned:
            continue
        day.add(entry)
        if day.is_full:
            copied += _plan_and_write(bucket, name, day)
    for name, day in days.items():
        copied += _plan_and_write(bucket, name, day)
    # Only a complete run may narrow what the next one looks at.
    bucket.put(CHECKPOINT, str(today).encode())
    return copied


def log_objects(bucket: Bucket, first_day: str) -> Iterator[tuple[str, Entry]]:
    """Yield the log objects of ``first_day`` (ISO format) and later, each with its day.

    Older days are leapt over, one listing for each team and key. The leap passes over an alias that
    looks like an older day, where there are also objects without a team or key.
    """
    after: str | None = ""
    while after is not None:
        entries, after = bucket.page(LOGS, after)
        for entry in entries:
            place = _PLACE.fullmatch(entry.key)
            if place and place["day"] < first_day:
                after = f"{place['parent']}{first_day}/"
                break
            if place:
                yield place["day"], entry


def _taken_up(bucket: Bucket, name: str) -> _Day:
    """Return what is planned for a day, after writing the files that its plans still lack."""
    day = _Day()
    written = {entry.key for entry in bucket.entries(f"{COPY}date={name}/")}
    for entry in bucket.entries(f"{PLANS}date={name}/"):
        keys = json.loads(bucket.get(entry.key) or b"[]")
        if _file_of(name, day.plans) not in written:
            _write(bucket, _file_of(name, day.plans), keys)
        day.planned |= {_digest(key) for key in keys}
        day.plans += 1
    return day


def _plan_and_write(bucket: Bucket, name: str, day: _Day) -> int:
    if not day.waiting:
        return 0
    keys, day.waiting, day.waiting_bytes = day.waiting, [], 0
    bucket.put_new(_plan_of(name, day.plans), json.dumps(keys).encode())
    _write(bucket, _file_of(name, day.plans), keys)
    day.planned |= {_digest(key) for key in keys}
    day.plans += 1
    return len(keys)


def _plan_of(day: str, number: int) -> str:
    return f"{PLANS}date={day}/{number:06}.json"


def _file_of(day: str, number: int) -> str:
    return f"{COPY}date={day}/{number:06}.parquet"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:16]


def _write(bucket: Bucket, target: str, keys: Sequence[str]) -> None:
    rows: list[Row] = []
    with ThreadPoolExecutor(_READERS) as readers:
        for key, content in zip(keys, readers.map(bucket.get, keys), strict=True):
            if content is None:
                _log.warning("%s is gone and so not in %s", key, target)
                continue
            rows.extend(rows_of(key, content))
    bucket.put(target, to_parquet(REQUEST_COLUMNS, rows))
    _log.info("%s: %d requests from %d objects", target, len(rows), len(keys))


def rows_of(key: str, content: bytes) -> Iterator[Row]:
    """Yield a row for each request of a log object: a line is a request.

    What is no request (LiteLLM's audit log goes to the same place) or no JSON is passed over, and
    stays in its object.
    """
    for line in content.decode(errors="replace").split("\n"):
        if not line.strip():
            continue
        try:
            payload = json.loads(line)
        except ValueError:
            _log.warning("%s has a line that is not JSON", key)
            continue
        if isinstance(payload, dict) and "call_type" in payload:
            yield _row(payload, key)


def _row(payload: Mapping[str, Any], key: str) -> Row:
    metadata = _mapping(payload.get("metadata"))
    session = _mapping(metadata.get("spend_logs_metadata"))
    columns = {name.lower(): _as(kind, payload.get(name)) for name, kind in PAYLOAD.items()}
    columns |= {name: _as(kind, metadata.get(name)) for name, kind in METADATA.items()}
    columns |= {
        name: columns.get(name) or _as("string", session.get(name) or None) for name in SESSION
    }
    return (*columns.values(), key)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _as(kind: Kind, value: Any) -> Any:
    """Return a value as its column's kind, None if it cannot be one: no request is lost for it."""
    if value is None:
        return None
    if kind in ("json", "string"):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    try:
        return int(value) if kind == "bigint" else float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    copied = copy(Bucket(os.environ["BUCKET"]), datetime.now(UTC).date())
    _log.info("copied %d log objects", copied)


if __name__ == "__main__":
    main()
