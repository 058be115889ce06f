"""For team leads: what the team spends, on what, and what is left of its budget."""

from dashboards.frame import Section, dashboard
from dashboards.panels import (
    COUNT,
    LITTLE_IS_BAD,
    MUCH_IS_BAD,
    REQUESTS_PER_SECOND,
    SECONDS,
    SHARE,
    USD,
    Column,
    bars,
    lines,
    rows,
    single,
)
from dashboards.queries import (
    CHOSEN_ENVIRONMENT,
    CHOSEN_KEY,
    INPUT_TOKENS,
    LATENCY,
    OUTPUT_TOKENS,
    REQUESTS,
    SPEND,
    TIME_TO_FIRST,
    TOKENS,
    answered,
    budget_left,
    increase,
    of,
    quantile,
    rate,
    ratio,
    share,
    share_of_budget_left,
)
from dashboards.shared import latency, refused_requests, spend

OF_TEAM = f'{CHOSEN_ENVIRONMENT},team_alias=~"$team"'
UNSUCCESSFUL = answered("[45]..")

OVERVIEW = Section(
    title="This team",
    panels=[
        single(
            "Budget left",
            "What the team may still spend in its budget period.",
            budget_left("team", "team_alias", OF_TEAM),
            unit=USD,
            no_value="no budget",
        ),
        single(
            "Share of the budget left",
            "Of the budget of this period.",
            share_of_budget_left("team", "team_alias", OF_TEAM),
            unit=SHARE,
            steps=LITTLE_IS_BAD,
            no_value="no budget",
        ),
        single(
            "Budget starts anew in",
            "Until the budget period ends.",
            f"min({of('litellm_team_budget_remaining_hours_metric', OF_TEAM)}) * 3600",
            unit=SECONDS,
            no_value="no period",
        ),
        single("Spend", "In the selected time.", increase(SPEND), unit=USD),
        single(
            "Spend this month",
            "Since the first of the month, as far back as Prometheus keeps its data.",
            increase(SPEND),
            unit=USD,
            period="now/M",
        ),
        single(
            "Members",
            "Users who belong to the team.",
            f"max({of('litellm_team_members_metric', OF_TEAM)})",
            unit="none",
        ),
        single("Requests", "In the selected time.", increase(REQUESTS), unit=COUNT),
        single(
            "Requests that did not succeed",
            "Share of the answers in the selected time with status 4xx or 5xx.",
            share(increase(REQUESTS, where=UNSUCCESSFUL), increase(REQUESTS)),
            unit=SHARE,
            steps=MUCH_IS_BAD,
            no_value="no traffic",
        ),
        single(
            "Latency, 95th percentile",
            "From request to the end of the answer, in the selected time.",
            quantile(0.95, LATENCY, over="$__range"),
            unit=SECONDS,
            no_value="no traffic",
        ),
        single(
            "Price of a thousand tokens",
            "Spend over tokens, prompts and answers together, in the selected time.",
            f"{ratio(increase(SPEND), increase(TOKENS))} * 1000",
            unit=USD,
        ),
        single(
            "Keys in use",
            "Virtual keys of the team with a request in the selected time.",
            f"count({increase(REQUESTS, 'api_key_alias')} > 0)",
            unit="none",
            no_value="none",
        ),
        single(
            "Users",
            "Users of the team with a request in the selected time; keys of no user count as one.",
            f"count({increase(REQUESTS, 'user')} > 0)",
            unit="none",
            no_value="none",
        ),
    ],
)


def of_each(label: str) -> list[Column]:
    """Return what is told of each key, user and model."""
    return [
        Column(title="Spend", unit=USD, query=increase(SPEND, label)),
        Column(title="Requests", unit=COUNT, query=increase(REQUESTS, label)),
        Column(title="Tokens", unit=COUNT, query=increase(TOKENS, label)),
        Column(
            title="Did not succeed",
            unit=SHARE,
            query=share(increase(REQUESTS, label, UNSUCCESSFUL), increase(REQUESTS, label)),
        ),
    ]


def left_to(kind: str, label: str, where: str) -> Column:
    """Return what is left of their budget to those that the team's requests are of."""
    left = budget_left(kind, label, where)
    return Column(
        title="Budget left", unit=USD, query=f"{left} and on ({label}) {increase(REQUESTS, label)}"
    )


WHO = Section(
    title="Keys, users, models",
    panels=[
        rows(
            "Keys of the team",
            "What each virtual key did in the selected time, and what is left of its own budget.",
            ("api_key_alias", "Key"),
            [*of_each("api_key_alias"), left_to("api_key", "api_key_alias", CHOSEN_KEY)],
        ),
        rows(
            "Users of the team",
            "What each user did in the selected time, and what is left of the user's own budget; "
            "None is a key of no user.",
            ("user", "User"),
            [*of_each("user"), left_to("user", "user", CHOSEN_ENVIRONMENT)],
            span=12,
        ),
        rows(
            "Models of the team",
            "What was asked of each model in the selected time.",
            ("requested_model", "Model"),
            of_each("requested_model"),
            span=12,
        ),
    ],
)

USE = Section(
    title="Spend and use",
    panels=[
        spend("model", "requested_model"),
        spend("key", "api_key_alias"),
        lines(
            "Requests by model",
            "Per second.",
            {"{{requested_model}}": rate(REQUESTS, "requested_model")},
            unit=REQUESTS_PER_SECOND,
            stacked=True,
        ),
        lines(
            "Tokens",
            "Per second. Long prompts cost as well.",
            {"prompts": rate(INPUT_TOKENS), "answers": rate(OUTPUT_TOKENS)},
            unit=COUNT,
            stacked=True,
        ),
    ],
)

SERVICE = Section(
    title="Errors and latency",
    panels=[
        refused_requests(),
        latency(),
        lines(
            "Time to the first token",
            "Until a streamed answer begins.",
            {
                "median": quantile(0.5, TIME_TO_FIRST),
                "95th percentile": quantile(0.95, TIME_TO_FIRST),
            },
            unit=SECONDS,
        ),
        bars(
            "Rate limits in use",
            "Share of a virtual key's own limits that the current minute has used up. Keys "
            "without a limit are not shown.",
            ratio(
                "max by (api_key_alias, rate_limit_type) "
                f"({of('litellm_api_key_rate_limit_used_metric', CHOSEN_KEY)})",
                "max by (api_key_alias, rate_limit_type) "
                f"({of('litellm_api_key_rate_limit_allowed_metric', CHOSEN_KEY)})",
            )
            + f" and on (api_key_alias) {increase(REQUESTS, 'api_key_alias')}",
            "{{api_key_alias}} {{rate_limit_type}}",
            unit=SHARE,
            steps=((None, "green"), (0.75, "orange"), (1, "red")),
            most=1,
            span=12,
            no_value="no limits",
        ),
    ],
)

DASHBOARD = dashboard(
    "team-view",
    "Team",
    "For team leads: what the team spends, on what, and what is left of its budget.",
    [OVERVIEW, WHO, USE, SERVICE],
    others={
        "operations-finops": "Operations and FinOps",
        "model-comparison": "Model comparison",
    },
    since="now-7d",
    one_team=True,
)
