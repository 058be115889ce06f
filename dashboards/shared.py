"""Panels that several dashboards have."""

from dashboards.panels import REQUESTS_PER_SECOND, SECONDS, USD, Panel, lines
from dashboards.queries import LATENCY, REFUSALS, SECONDS_PER_HOUR, SPEND, quantile, rate


def refused_requests() -> Panel:
    return lines(
        "Requests that did not succeed",
        "Per second, by reason.",
        {
            "{{exception_status}} {{exception_class}}": rate(
                REFUSALS, "exception_class, exception_status"
            )
        },
        unit=REQUESTS_PER_SECOND,
        stacked=True,
    )


def latency() -> Panel:
    return lines(
        "Latency",
        "Time from request to the end of the answer.",
        {
            "median": quantile(0.5, LATENCY),
            "95th percentile": quantile(0.95, LATENCY),
            "99th percentile": quantile(0.99, LATENCY),
        },
        unit=SECONDS,
    )


def spend(subject: str, label: str) -> Panel:
    """Return spend over time by a label of LiteLLM's metric, such as ``team_alias``."""
    return lines(
        f"Spend by {subject}",
        "Dollars per hour.",
        {f"{{{{{label}}}}}": f"{rate(SPEND, label)} * {SECONDS_PER_HOUR}"},
        unit=USD,
        stacked=True,
    )
