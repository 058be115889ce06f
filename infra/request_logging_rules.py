"""Rules between records of requests and the other sections of a stack's configuration."""

from collections.abc import Iterator

from infra.settings import Settings


def request_logging_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence where prompts would stay for longer than the place they are written to."""
    database, archive = settings.request_logging.database, settings.spend_archive
    if database.content and archive.enabled and not database.archive_content:
        yield (
            "requestLogging.database.content: spendArchive would keep prompts and answers for "
            f"spendArchive.retentionDays {archive.retention_days}; set spendArchive.enabled to "
            "false, or requestLogging.database.archiveContent to true if that is meant"
        )
    if database.archive_content and not (database.content and archive.enabled):
        missing = "spendArchive.enabled" if database.content else "requestLogging.database.content"
        yield (
            f"requestLogging.database.archiveContent: there is nothing to archive while {missing} "
            "is false; leave it out"
        )
