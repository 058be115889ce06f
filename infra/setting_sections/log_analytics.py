"""What is made of request logs and spend rows as they age."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from infra.setting_sections.base import Section

# Minute, hour, day of month, month, day of week: what a CronJob takes, without names and macros.
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_PART = re.compile(r"(\*|(\d+)(-(\d+))?)(/([1-9]\d*))?")


def _cron(value: str) -> str:
    fields = value.split()
    if len(fields) != len(_RANGES) or not all(map(_in_range, fields, _RANGES)):
        raise ValueError(
            "is no schedule; give minute, hour, day of month, month and day of week (0 is Sunday), "
            "such as '17 * * * *'"
        )
    return value


def _in_range(text: str, limits: tuple[int, int]) -> bool:
    parts = [_PART.fullmatch(part) for part in text.split(",")]
    return all(
        part and all(limits[0] <= int(number) <= limits[1] for number in part.group(2, 4) if number)
        for part in parts
    )


Schedule = Annotated[str, AfterValidator(_cron)]


class LogAnalyticsSettings(Section):
    """SQL over the request logs."""

    enabled: bool = Field(default=True, description="Copy logs to Parquet and query them by SQL.")
    copy_schedule: Schedule = Field(
        default="17 * * * *", description="When new log objects are copied: a cron schedule in UTC."
    )
    scan_limit_gib: int = Field(
        default=10, ge=1, le=10_000, description="GiB that a query may read before it is stopped."
    )
    period_days: int = Field(
        default=30, ge=1, le=3650, description="How far back the named queries look."
    )
    result_days: int = Field(default=7, ge=1, description="Days until a query's result expires.")


class SpendArchiveSettings(Section):
    """Spend rows that are older than ``gateway.spendLogRetentionDays``."""

    enabled: bool = Field(
        default=True,
        description="Move old spend rows to the bucket; false: LiteLLM deletes them.",
    )
    schedule: Schedule = Field(
        default="43 2 * * *", description="When rows are moved: a cron schedule in UTC."
    )
    batch_rows: int = Field(
        default=2000, ge=1, le=20_000, description="Rows that are moved at once, in memory."
    )
    retention_days: int = Field(
        default=2555, ge=1, description="Days until an archived spend row expires."
    )
