"""Rows as Parquet and back, each column of the type that it was declared with."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import polars

from archiver.layout import Kind

Row: TypeAlias = tuple[Any, ...]

_TYPES: Mapping[Kind, Any] = {
    "bigint": polars.Int64(),
    "boolean": polars.Boolean(),
    "double": polars.Float64(),
    "json": polars.String(),
    "string": polars.String(),
    # Athena reads no finer timestamps from Parquet; LiteLLM's columns are TIMESTAMP(3) all.
    "timestamp": polars.Datetime("ms"),
}


def to_parquet(columns: Mapping[str, Kind], rows: Sequence[Row]) -> bytes:
    """Return a Parquet file of the rows, whose values are in the order of the columns.

    Raises if a value is not of its column's kind.
    """
    schema = {name: _TYPES[kind] for name, kind in columns.items()}
    frame = polars.DataFrame(rows, schema=schema, orient="row", strict=True)
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def from_parquet(content: bytes, columns: Iterable[str]) -> list[Row]:
    """Return the rows of a Parquet file; a column that the file lacks is None in all of them."""
    frame = polars.read_parquet(io.BytesIO(content))
    return frame.select(
        polars.col(name) if name in frame.columns else polars.lit(None).alias(name)
        for name in columns
    ).rows()
