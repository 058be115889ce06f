"""The named queries over the log database. Pure: settings in, SQL out."""

from dataclasses import dataclass

import jinja2

from infra.naming import PROJECT_ROOT
from infra.settings import Settings

QUERIES = PROJECT_ROOT / "queries"
_SUFFIX = ".sql.j2"
# Queries of tables that exist only with the archive of spend rows.
_OF_THE_ARCHIVE = frozenset({"archived_spend_by_month"})

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(QUERIES),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701 - SQL, in which every text is written by the filter
)


def _text(value: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


_TEMPLATES.filters["text"] = _text


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """One named query; its description is the comment in its first line."""

    name: str
    description: str
    text: str


def log_queries(settings: Settings) -> list[LogQuery]:
    """Return every query of ``queries/``, rendered for a stack's period and catalogue of models.

    They keep to what Athena and DuckDB have in common, so that the tests can run them.
    """
    days = settings.log_analytics.period_days
    context: dict[str, object] = {
        # The folders of days are texts; a date less days is a time of day in some dialects.
        "since": f"CAST(CAST(current_date - INTERVAL '{days}' DAY AS date) AS varchar)",
        "tiers": {model.name: model.tier for model in settings.models},
    }
    names = sorted(path.name.removesuffix(_SUFFIX) for path in QUERIES.glob(f"*{_SUFFIX}"))
    return [
        _query(name, context)
        for name in names
        if settings.spend_archive.enabled or name not in _OF_THE_ARCHIVE
    ]


def _query(name: str, context: dict[str, object]) -> LogQuery:
    text = _TEMPLATES.get_template(f"{name}{_SUFFIX}").render(context)
    description = text.partition("\n")[0].removeprefix("-- ")
    return LogQuery(name=name, description=description, text=text)
