"""The tables of the log database, as Glue takes them. Pure: settings in, definitions out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archiver import layout
from archiver.layout import Kind
from infra.settings import Settings

# Of the examples in docs.aws.amazon.com/athena/latest/ug: parquet-serde.html, and
# querying-r53-resolver-logs-partitioning-example.html for JSON.
_PARQUET = {
    "input_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "output_format": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "ser_de_info": {
        "serialization_library": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    },
}
# A column of text gets the JSON of a nested value with this reader; Hive's own would refuse it
# (Trino's OpenXJsonDeserializer.VarcharDecoder).
_JSON_LINES = {
    "input_format": "org.apache.hadoop.mapred.TextInputFormat",
    "output_format": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "ser_de_info": {
        "serialization_library": "org.openx.data.jsonserde.JsonSerDe",
        "parameters": {"ignore.malformed.json": "true"},
    },
}
_GLUE_TYPES: Mapping[Kind, str] = {"json": "string"}


@dataclass(frozen=True, kw_only=True)
class LogTable:
    """One external table: name, what it holds, columns and, where there are days, their range."""

    name: str
    description: str
    location: str
    columns: Mapping[str, Kind]
    storage: Mapping[str, Any]
    days: int | None = None
    """How many days back there can be data, in a folder for each; None for no such folders."""

    @property
    def storage_descriptor(self) -> Any:
        return {
            "location": self.location,
            "columns": [
                {"name": name.lower(), "type": _GLUE_TYPES.get(kind, kind)}
                for name, kind in self.columns.items()
            ],
            **self.storage,
        }

    @property
    def partition_keys(self) -> Any:
        return [{"name": "day", "type": "string"}] if self.days else []

    @property
    def parameters(self) -> dict[str, str]:
        """Properties of the table: its days follow from the query; none is listed or crawled.

        docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
        """
        if not self.days:
            return {"EXTERNAL": "TRUE"}
        return {
            "EXTERNAL": "TRUE",
            "projection.enabled": "true",
            "projection.day.type": "date",
            "projection.day.format": "yyyy-MM-dd",
            "projection.day.range": f"NOW-{self.days}DAYS,NOW+1DAYS",
            "storage.location.template": f"{self.location}date=${{day}}/",
        }


def log_tables(settings: Settings, bucket: str) -> Iterator[LogTable]:
    """Yield the tables over a bucket: requests, the raw log objects, and archived spend rows."""
    root = f"s3://{bucket}/"
    yield LogTable(
        name="requests",
        description="One row for each request, copied from the log objects, by day",
        location=f"{root}{layout.COPY}",
        columns=layout.REQUEST_COLUMNS,
        storage=_PARQUET,
        days=settings.log_storage.retention_days,
    )
    yield LogTable(
        name="log_objects",
        description="The log objects as LiteLLM writes them, whatever their teams and keys: the "
        "newest requests are here first, but every query reads all objects",
        location=f"{root}{layout.LOGS}",
        columns=layout.LOG_OBJECT_COLUMNS,
        storage=_JSON_LINES,
    )
    if not settings.spend_archive.enabled:
        return
    for folder, columns in layout.SPEND_COLUMNS.items():
        yield LogTable(
            name=f"spend_{folder}",
            description=f"Spend rows that left the database: {folder}, by day",
            location=f"{root}{layout.SPEND}{folder}/",
            columns=columns,
            storage=_PARQUET,
            days=settings.spend_archive.retention_days + settings.gateway.spend_log_retention_days,
        )


def analytics_lifecycle_rules(settings: Settings) -> list[Any]:
    """Return where archived objects go as they age: no further than a query can follow them."""
    logs = settings.log_storage
    expiry = {layout.COPY: logs.retention_days, layout.PLANS: logs.retention_days}
    if settings.spend_archive.enabled:
        expiry[layout.SPEND] = settings.spend_archive.retention_days
    tiers = ((logs.infrequent_access_days, "STANDARD_IA"), (logs.glacier_days, "GLACIER_IR"))
    return [
        {
            "id": prefix.rstrip("/"),
            "status": "Enabled",
            "filter": {"prefix": prefix},
            "transitions": [
                {"days": after, "storage_class": tier}
                for after, tier in tiers
                if after and after < days
            ],
            "expiration": {"days": days},
            "noncurrent_version_expiration": {"noncurrent_days": logs.expire_noncurrent_days},
        }
        for prefix, days in expiry.items()
    ]
