"""What the gateway costs, whose budgets run out, and whether the records of it arrive."""

from dashboards.frame import Section
from dashboards.panels import (
    COUNT,
    LITTLE_IS_BAD,
    SHARE,
    USD,
    bars,
    lines,
    single,
)
from dashboards.queries import (
    CHOSEN_CALLER,
    CHOSEN_ENVIRONMENT,
    CHOSEN_KEY,
    LATELY,
    SECONDS_PER_HOUR,
    SPEND,
    TOKENS,
    budget_left,
    increase,
    rate,
    ratio,
    share,
    share_of_budget_left,
)
from dashboards.shared import spend

LOG_FAILURES = "litellm_callback_logging_failures_metric_total"
CACHE_HITS = "litellm_cache_hits_metric_total"
CACHE_MISSES = "litellm_cache_misses_metric_total"
PROMPT_CACHE = "litellm_input_cached_tokens_metric_total"

HITS = rate(CACHE_HITS, where=CHOSEN_CALLER)
LOOK_UPS = f"({HITS} + {rate(CACHE_MISSES, where=CHOSEN_CALLER)})"
CACHE = Section(
    title="Cache",
    panels=[
        lines(
            "Answers from the cache",
            "Share of the requests that looked for an answer in the gateway's cache and found one.",
            {"found": share(HITS, LOOK_UPS)},
            unit=SHARE,
            most=1,
        ),
        lines(
            "Tokens that were not paid in full",
            "Per second. Those of answers from the gateway's cache cost nothing; prompts that the "
            "provider has cached are cheaper.",
            {
                "gateway's cache": rate("litellm_cached_tokens_metric_total", where=CHOSEN_CALLER),
                "provider's prompt cache": rate(PROMPT_CACHE),
            },
            unit=COUNT,
            stacked=True,
        ),
    ],
)

# What is left of the month goes on as the last seven days went.
FORECAST = (
    f"{increase(SPEND)} + {rate(SPEND, over='7d')} * (scalar(days_in_month()) * 86400 - $__range_s)"
)
SPENDING = Section(
    title="Spend",
    panels=[
        single(
            "Spend now",
            "Dollars per hour, over the last five minutes.",
            f"{rate(SPEND, over=LATELY)} * {SECONDS_PER_HOUR}",
            unit=USD,
        ),
        single(
            "Spend today",
            "Since midnight. Reckoned from metrics, which miss what happened between the last "
            "scrape of a pod and its end: the spend log in the database has every cent.",
            increase(SPEND),
            unit=USD,
            period="now/d",
        ),
        single(
            "Spend this month",
            "Since the first of the month, as far back as Prometheus keeps its data. The spend log "
            "in the database has every cent.",
            increase(SPEND),
            unit=USD,
            period="now/M",
        ),
        single(
            "Forecast of this month",
            "This month's spend, and its remaining days at the average of the last seven.",
            FORECAST,
            unit=USD,
            period="now/M",
        ),
        single(
            "Price of a thousand tokens",
            "Spend over tokens, prompts and answers together, in the selected time.",
            f"{ratio(increase(SPEND), increase(TOKENS))} * 1000",
            unit=USD,
        ),
        single(
            "Tokens without a price",
            "Tokens in the selected time of models that have cost nothing: a model without a price "
            "is invisible in every budget.",
            f"sum({increase(TOKENS, 'requested_model')} unless on (requested_model) "
            f"({increase(SPEND, 'requested_model')} > 0)) or vector(0)",
            unit=COUNT,
            steps=((None, "green"), (1, "orange")),
        ),
        spend("model", "requested_model"),
        spend("team", "team_alias"),
        bars(
            "Teams that spend most",
            "The ten teams that spent most in the selected time.",
            f"topk(10, {increase(SPEND, 'team_alias')})",
            "{{team_alias}}",
            unit=USD,
        ),
        bars(
            "Keys that spend most",
            "The ten virtual keys that spent most in the selected time.",
            f"topk(10, {increase(SPEND, 'team_alias, api_key_alias')})",
            "{{team_alias}} / {{api_key_alias}}",
            unit=USD,
        ),
        bars(
            "Users who spend most",
            "The ten users who spent most in the selected time; None is a key of no user.",
            f"topk(10, {increase(SPEND, 'user')})",
            "{{user}}",
            unit=USD,
        ),
    ],
)

OF_TEAM = f'{CHOSEN_ENVIRONMENT},team_alias=~"$team"'
BUDGETS = Section(
    title="Budgets and delivery",
    panels=[
        bars(
            "Budget left to teams",
            "Share of each team's budget. Teams without a budget are not shown.",
            share_of_budget_left("team", "team_alias", OF_TEAM),
            "{{team_alias}}",
            unit=SHARE,
            steps=LITTLE_IS_BAD,
            most=1,
            no_value="no budgets",
        ),
        bars(
            "Budget left to keys, lowest ten",
            "Share of a virtual key's own budget. Keys without a budget are not shown.",
            f"bottomk(10, {share_of_budget_left('api_key', 'api_key_alias', CHOSEN_KEY)})",
            "{{api_key_alias}}",
            unit=SHARE,
            steps=LITTLE_IS_BAD,
            most=1,
            no_value="no budgets",
        ),
        bars(
            "Budget left to users, lowest ten",
            "Share of a user's own budget. Users without a budget are not shown.",
            f"bottomk(10, {share_of_budget_left('user', 'user', CHOSEN_ENVIRONMENT)})",
            "{{user}}",
            unit=SHARE,
            steps=LITTLE_IS_BAD,
            most=1,
            no_value="no budgets",
        ),
        bars(
            "Dollars left to teams",
            "What each team may still spend in its budget period. Teams without a budget are not "
            "shown.",
            budget_left("team", "team_alias", OF_TEAM),
            "{{team_alias}}",
            unit=USD,
            no_value="no budgets",
        ),
        lines(
            "Log delivery: failed attempts",
            "Records per hour that could not be delivered, by destination; one that is tried again "
            "counts again. Requests are answered all the same, and records wait in the memory of "
            "the pod.",
            {
                "{{callback_name}}": rate(LOG_FAILURES, "callback_name", CHOSEN_ENVIRONMENT)
                + f" * {SECONDS_PER_HOUR}"
            },
            unit=COUNT,
            span=16,
        ),
    ],
)
