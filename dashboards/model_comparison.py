"""For developers: which model costs how much, answers how fast and fails how often."""

from dashboards.frame import Section, dashboard
from dashboards.panels import (
    COUNT,
    REQUESTS_PER_SECOND,
    SECONDS,
    SHARE,
    USD,
    Column,
    lines,
    rows,
)
from dashboards.queries import (
    FAILURE,
    FALLBACKS,
    IN_RANGE,
    LATENCY,
    OUTPUT_TOKENS,
    PROVIDER_LATENCY,
    REQUESTS,
    SPEND,
    TIME_TO_FIRST,
    TOKENS,
    answered,
    by_tier,
    increase,
    quantile,
    rate,
    ratio,
    share,
)

MODEL = "requested_model"
LEGEND = "{{requested_model}}"
MODEL_AND_ENVIRONMENT = "environment, requested_model"
FAILED = answered(FAILURE)


def of_all(part: str, whole: str) -> str:
    """Return the share of each model in the sum of all."""
    return f"{part} / on () group_left () ({whole} > 0)"


SIDE_BY_SIDE = Section(
    title="Side by side",
    panels=[
        rows(
            "Models",
            "Every model in the selected time. Failed are answers with status 5xx; the first token "
            "is that of streamed answers; tokens per second are those that the provider writes.",
            (MODEL, "Model"),
            [
                Column(title="Requests", unit=COUNT, query=increase(REQUESTS, MODEL)),
                Column(
                    title="Share",
                    unit=SHARE,
                    query=of_all(increase(REQUESTS, MODEL), increase(REQUESTS)),
                ),
                Column(title="Spend", unit=USD, query=increase(SPEND, MODEL)),
                Column(
                    title="Per 1k tokens",
                    unit=USD,
                    query=f"{ratio(increase(SPEND, MODEL), increase(TOKENS, MODEL))} * 1000",
                ),
                Column(
                    title="Per request",
                    unit=USD,
                    query=ratio(increase(SPEND, MODEL), increase(REQUESTS, MODEL, answered("2.."))),
                ),
                *(
                    Column(
                        title=title,
                        unit=SECONDS,
                        query=quantile(part, LATENCY, MODEL, over=IN_RANGE),
                    )
                    for part, title in ((0.5, "Median"), (0.95, "95th"), (0.99, "99th"))
                ),
                Column(
                    title="First token",
                    unit=SECONDS,
                    query=quantile(0.5, TIME_TO_FIRST, MODEL, over=IN_RANGE),
                ),
                Column(
                    title="Tokens/s",
                    unit=COUNT,
                    query=ratio(
                        increase(OUTPUT_TOKENS, MODEL), increase(f"{PROVIDER_LATENCY}_sum", MODEL)
                    ),
                ),
                Column(
                    title="Failed",
                    unit=SHARE,
                    query=share(increase(REQUESTS, MODEL, FAILED), increase(REQUESTS, MODEL)),
                ),
            ],
        ),
    ],
)

COST = Section(
    title="Cost",
    panels=[
        lines(
            "Cost of a thousand tokens",
            "Spend over tokens; it moves with the mix of prompts and answers.",
            {LEGEND: f"{ratio(rate(SPEND, MODEL), rate(TOKENS, MODEL))} * 1000"},
            unit=USD,
        ),
        lines(
            "Tokens of a request",
            "Prompt and answer together, on average over the requests that succeeded.",
            {LEGEND: ratio(rate(TOKENS, MODEL), rate(REQUESTS, MODEL, answered("2..")))},
            unit=COUNT,
        ),
        lines(
            "Share of the requests",
            "Who is asked.",
            {LEGEND: of_all(rate(REQUESTS, MODEL), rate(REQUESTS))},
            unit=SHARE,
            stacked=True,
            most=1,
        ),
        lines(
            "Share of the spend",
            "Where the money goes.",
            {LEGEND: of_all(rate(SPEND, MODEL), rate(SPEND))},
            unit=SHARE,
            stacked=True,
            most=1,
        ),
        lines(
            "Requests by tier",
            "Per second, by the cost tier of the model in the stack's configuration.",
            {"{{tier}}": by_tier(rate(REQUESTS, MODEL_AND_ENVIRONMENT))},
            unit=REQUESTS_PER_SECOND,
            stacked=True,
        ),
        lines(
            "Spend by tier",
            "Dollars per hour, by the cost tier of the model in the stack's configuration.",
            {"{{tier}}": by_tier(f"{rate(SPEND, MODEL_AND_ENVIRONMENT)} * 3600")},
            unit=USD,
            stacked=True,
        ),
    ],
)

SPEED = Section(
    title="Speed",
    panels=[
        lines(
            "Latency, median",
            "From request to the end of the answer.",
            {LEGEND: quantile(0.5, LATENCY, MODEL)},
            unit=SECONDS,
        ),
        lines(
            "Latency, 95th percentile",
            "From request to the end of the answer.",
            {LEGEND: quantile(0.95, LATENCY, MODEL)},
            unit=SECONDS,
        ),
        lines(
            "Time to the first token, median",
            "Streamed answers only.",
            {LEGEND: quantile(0.5, TIME_TO_FIRST, MODEL)},
            unit=SECONDS,
        ),
        lines(
            "Time to the first token, 95th percentile",
            "Streamed answers only.",
            {LEGEND: quantile(0.95, TIME_TO_FIRST, MODEL)},
            unit=SECONDS,
        ),
        lines(
            "Tokens per second",
            "How fast an answer is written: its tokens over the provider's time.",
            {LEGEND: ratio(rate(OUTPUT_TOKENS, MODEL), rate(f"{PROVIDER_LATENCY}_sum", MODEL))},
            unit=COUNT,
        ),
        lines(
            "Latency of the provider, 95th percentile",
            "The provider's part of the time; the rest is the gateway and the network.",
            {LEGEND: quantile(0.95, PROVIDER_LATENCY, MODEL)},
            unit=SECONDS,
        ),
    ],
)

RELIABILITY = Section(
    title="Reliability",
    panels=[
        lines(
            "Failed requests",
            "Share of a model's answers with status 5xx, or none, after retries and fallbacks.",
            {LEGEND: share(rate(REQUESTS, MODEL, FAILED), rate(REQUESTS, MODEL))},
            unit=SHARE,
            most=1,
        ),
        lines(
            "Answered by a fallback",
            "Requests per second that another model answered.",
            {
                "{{requested_model}} → {{fallback_model}}": rate(
                    FALLBACKS, "requested_model, fallback_model"
                )
            },
            unit=REQUESTS_PER_SECOND,
        ),
    ],
)

DASHBOARD = dashboard(
    "model-comparison",
    "Model comparison",
    "For developers: which model costs how much, answers how fast and fails how often.",
    [SIDE_BY_SIDE, COST, SPEED, RELIABILITY],
    others={"operations-finops": "Operations and FinOps", "team-view": "Team"},
    since="now-7d",
)
