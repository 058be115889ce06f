"""Moves old spend rows from PostgreSQL to Parquet, in folders by day: ``python -m archiver.spend``.

A batch of rows is written to the bucket, read back, compared (rows, sum of spend, checksum), and
only then deleted, in a transaction that commits if exactly the compared rows went. Whatever ends
the program, the rows are in the database, in the archive, or in both; a row in both is deleted by
the next run, which compares it first. So nothing is lost, and nothing is archived twice.

Environment: ``BUCKET``, ``RETENTION_DAYS``, ``BATCH_ROWS``; ``DATABASE_CREDENTIALS``, a folder with
the files ``username`` and ``password``; ``PG*`` as libpq and ``AWS_*`` as boto3 read them.
"""

import hashlib
import json
import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from archiver.bucket import Bucket
from archiver.layout import SPEND, Kind
from archiver.tables import Row, from_parquet, to_parquet

_DAY = timedelta(days=1)
# The same number for everyone who archives this database; it means nothing.
_LOCK = 7_336_502_118

# PostgreSQL's type → kind of the column. Any other is archived as its text.
_KINDS: Mapping[str, Kind] = {
    "bigint": "bigint",
    "boolean": "boolean",
    "double precision": "double",
    "integer": "bigint",
    "timestamp without time zone": "timestamp",
}

_log = logging.getLogger(__name__)


class NotTheSame(Exception):
    """What is in the archive, or what was deleted, is not what was read. Nothing was deleted."""


@dataclass(frozen=True)
class Table:
    """A table of LiteLLM's whose rows belong to requests, and its folder in the archive."""

    name: str
    folder: str
    time: str
    key: tuple[str, ...]
    amount: str | None = None


# The two indexes lead from tools and guardrails to requests; LiteLLM trims the first with the logs.
TABLES = (
    Table("LiteLLM_SpendLogs", "logs", "startTime", ("request_id",), amount="spend"),
    Table("LiteLLM_SpendLogToolIndex", "tools", "start_time", ("request_id", "tool_name")),
    Table(
        "LiteLLM_SpendLogGuardrailIndex", "guardrails", "start_time", ("request_id", "guardrail_id")
    ),
)


@dataclass(frozen=True)
class Fingerprint:
    """What two sets of rows must agree in to be the same; the order does not matter."""

    rows: int
    amount: str
    checksum: str


class Archive:
    """Moves one table's rows."""

    def __init__(
        self, connection: "psycopg.Connection[Any]", bucket: Bucket, table: Table, batch: int
    ) -> None:
        self._connection, self._bucket = connection, bucket
        self._table, self._batch = table, batch
        self._columns = self._kinds()

    def move(self, before: datetime) -> int:
        """Move all rows that are older; return how many. Days are moved one after the other."""
        moved = 0
        while self._columns and (oldest := self._oldest()) is not None and oldest < before:
            day = oldest.replace(hour=0, minute=0, second=0, microsecond=0)
            moved += self._take_up(day)
            while rows := self._read(day):
                self._archive(day, rows)
                self._delete(day, rows)
                moved += len(rows)
        return moved

    def fingerprint(self, rows: Sequence[Row]) -> Fingerprint:
        """Return the number of rows, the sum of their amounts and a checksum of all values."""
        digests = sorted(
            hashlib.sha256(json.dumps(row, default=str).encode()).hexdigest() for row in rows
        )
        amounts: list[float] = []
        if self._table.amount:
            place = list(self._columns).index(self._table.amount)
            amounts = [row[place] for row in rows]
        return Fingerprint(
            rows=len(rows),
            amount=repr(math.fsum(amounts)),
            checksum=hashlib.sha256("".join(digests).encode()).hexdigest(),
        )

    def _kinds(self) -> dict[str, Kind]:
        """Return the table's columns; none if there is no such table (yet)."""
        found = self._connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
            [self._table.name],
        )
        return {name: _KINDS.get(type_, "string") for name, type_ in found}

    @property
    def _selected(self) -> sql.Composable:
        return sql.SQL(", ").join(
            sql.SQL("{}::text").format(sql.Identifier(name))
            if kind == "string"
            else sql.Identifier(name)
            for name, kind in self._columns.items()
        )

    def _statement(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(
            selected=self._selected,
            table=sql.Identifier(self._table.name),
            time=sql.Identifier(self._table.time),
            key=sql.SQL(", ").join(map(sql.Identifier, self._table.key)),
            wanted=sql.SQL(", ").join([sql.SQL("%s::text[]")] * len(self._table.key)),
        )

    def _oldest(self) -> datetime | None:
        (oldest,) = self._connection.execute(
            self._statement("SELECT min({time}) FROM {table}")
        ).fetchone() or (None,)
        return oldest

    def _read(self, day: datetime) -> list[Row]:
        return self._connection.execute(
            self._statement(
                "SELECT {selected} FROM {table} WHERE {time} >= %s AND {time} < %s "
                "ORDER BY {time}, {key} LIMIT %s"
            ),
            [day, day + _DAY, self._batch],
        ).fetchall()

    @property
    def _archived_columns(self) -> dict[str, Kind]:
        # Athena knows lower case only.
        return {name.lower(): kind for name, kind in self._columns.items()}

    def _content(self, key: str) -> list[Row]:
        return from_parquet(self._bucket.get(key) or b"", self._archived_columns)

    def _folder(self, day: datetime) -> str:
        return f"{SPEND}{self._table.folder}/date={day:%Y-%m-%d}/"

    def _archive(self, day: datetime, rows: Sequence[Row]) -> None:
        """Write rows to the archive and read them back; the file is named by what it holds."""
        wanted = self.fingerprint(rows)
        key = f"{self._folder(day)}{wanted.checksum[:32]}.parquet"
        self._bucket.put(key, to_parquet(self._archived_columns, rows))
        archived = self.fingerprint(self._content(key))
        if archived != wanted:
            raise NotTheSame(f"{key} holds {archived}; the database has {wanted}")
        _log.info("%s: %d rows", key, wanted.rows)

    def _delete(self, day: datetime, rows: Sequence[Row]) -> None:
        """Delete exactly these rows."""
        with self._connection.transaction():
            deleted = self._connection.execute(
                self._statement(
                    "DELETE FROM {table} WHERE {time} >= %s AND {time} < %s "
                    "AND ({key}) IN (SELECT * FROM unnest({wanted})) RETURNING {selected}"
                ),
                [day, day + _DAY, *self._keys(rows)],
            ).fetchall()
            if self.fingerprint(deleted) != self.fingerprint(rows):
                raise NotTheSame(
                    f"{self._table.name}: rows of {day:%Y-%m-%d} changed since they were archived"
                )

    def _keys(self, rows: Sequence[Row]) -> list[list[str]]:
        places = [list(self._columns).index(name) for name in self._table.key]
        return [[row[place] for row in rows] for place in places]

    def _take_up(self, day: datetime) -> int:
        """Delete the rows of a day that the archive has already: a run ended before it could.

        A row that differs from the archived one of the same key is new, and is archived as well.
        """
        finished = 0
        for archived in self._archived(day):
            there = self._connection.execute(
                self._statement(
                    "SELECT {selected} FROM {table} WHERE {time} >= %s AND {time} < %s "
                    "AND ({key}) IN (SELECT * FROM unnest({wanted}))"
                ),
                [day, day + _DAY, *self._keys(archived)],
            ).fetchall()
            known = set(archived)
            if done := [row for row in there if row in known]:
                self._delete(day, done)
                finished += len(done)
        return finished

    def _archived(self, day: datetime) -> Iterator[Sequence[Row]]:
        for entry in self._bucket.entries(self._folder(day)):
            rows = self._content(entry.key)
            for start in range(0, len(rows), self._batch):
                yield rows[start : start + self._batch]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    before = today - int(os.environ["RETENTION_DAYS"]) * _DAY
    bucket = Bucket(os.environ["BUCKET"])
    credentials = Path(os.environ["DATABASE_CREDENTIALS"])  # a folder with one file a value
    with psycopg.connect(
        user=(credentials / "username").read_text(),
        password=(credentials / "password").read_text(),
        autocommit=True,
    ) as connection:
        (alone,) = connection.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() or (
            False,
        )
        if not alone:
            _log.info("another archiver is at work on this database")
            return
        for table in TABLES:
            archive = Archive(connection, bucket, table, int(os.environ["BATCH_ROWS"]))
            _log.info("%s: moved %d rows older than %s", table.name, archive.move(before), before)


if __name__ == "__main__":
    main()
