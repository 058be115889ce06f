"""For the platform team: is the gateway healthy, what does it cost, which budgets run out."""

from dashboards.panels import (
    COUNT,
    LITTLE_IS_BAD,
    MUCH_IS_BAD,
    REQUESTS_PER_SECOND,
    SECONDS,
    SHARE,
    USD,
    Column,
    Section,
    bars,
    dashboard,
    lines,
    rows,
    single,
)
from dashboards.queries import (
    CALLS,
    CHOSEN_CALLER,
    CHOSEN_ENVIRONMENT,
    CHOSEN_KEY,
    FAILED_CALLS,
    FAILED_FALLBACKS,
    FALLBACKS,
    INPUT_TOKENS,
    LATELY,
    LATENCY,
    OUTPUT_TOKENS,
    PROVIDER_LATENCY,
    REFUSALS,
    REQUESTS,
    SECONDS_PER_HOUR,
    SPEND,
    TIME_TO_FIRST,
    TOKENS,
    answered,
    budget_left,
    deployment_state,
    increase,
    of,
    quantile,
    rate,
    ratio,
    share,
    share_of_budget_left,
)

OVERHEAD = "litellm_overhead_latency_metric"
WAITING = "litellm_request_queue_time_seconds"
COOLDOWNS = "litellm_deployment_cooled_down_total"
CACHE_HITS = "litellm_cache_hits_metric_total"
CACHE_MISSES = "litellm_cache_misses_metric_total"
PROMPT_CACHE = "litellm_input_cached_tokens_metric_total"
LOG_FAILURES = "litellm_callback_logging_failures_metric_total"
UNPRICED = "litellm_zero_cost_requests_total"

# The overhead knows a request's key and model group, and not its team.
OF_KEY_AND_GROUP = f'{CHOSEN_KEY},model_group=~"$model"'
ABOUT_PROVIDER = f'{CHOSEN_CALLER},api_provider!~"|None",requested_model=~"$model"'

HEALTH = Section(
    title="Health",
    panels=[
        single(
            "Pods that answer",
            "Pods of the gateway whose metrics Prometheus could read just now.",
            f"count({of('litellm_in_flight_requests', CHOSEN_ENVIRONMENT)})",
            unit="none",
            steps=((None, "red"), (1, "green")),
            no_value="none",
        ),
        single(
            "Requests",
            "Requests per second over the last five minutes.",
            rate(REQUESTS, over=LATELY),
            unit=REQUESTS_PER_SECOND,
        ),
        single(
            "Failures",
            "Share of the answers of the last five minutes with status 5xx. Refused requests (4xx) "
            "do not count.",
            share(rate(REQUESTS, "", answered("5.."), LATELY), rate(REQUESTS, over=LATELY)),
            unit=SHARE,
            steps=MUCH_IS_BAD,
            no_value="no traffic",
        ),
        single(
            "Refused",
            "Share of the answers of the last five minutes with status 4xx: limits, budgets, keys, "
            "bad requests.",
            share(rate(REQUESTS, "", answered("4.."), LATELY), rate(REQUESTS, over=LATELY)),
            unit=SHARE,
            no_value="no traffic",
        ),
        single(
            "Latency, 95th percentile",
            "From request to the end of the answer, last five minutes.",
            quantile(0.95, LATENCY, over=LATELY),
            unit=SECONDS,
            no_value="no traffic",
        ),
        single(
            "Deployments out",
            "Deployments of which every call of the last five minutes failed.",
            f"count({deployment_state()} == 2) or vector(0)",
            unit="none",
            steps=((None, "green"), (1, "red")),
        ),
    ],
)

TRAFFIC = Section(
    title="Traffic",
    panels=[
        lines(
            "Requests by status",
            "Answers per second by HTTP status.",
            {"{{status_code}}": rate(REQUESTS, "status_code")},
            unit=REQUESTS_PER_SECOND,
            stacked=True,
        ),
        lines(
            "Requests that did not succeed",
            "Per second, by reason.",
            {
                "{{exception_status}} {{exception_class}}": rate(
                    REFUSALS, "exception_class, exception_status"
                )
            },
            unit=REQUESTS_PER_SECOND,
            stacked=True,
        ),
        lines(
            "Latency",
            "Time from request to the end of the answer.",
            {
                "median": quantile(0.5, LATENCY),
                "95th percentile": quantile(0.95, LATENCY),
                "99th percentile": quantile(0.99, LATENCY),
            },
            unit=SECONDS,
        ),
        lines(
            "Time to the first token",
            "Until a streamed answer begins.",
            {
                "median": quantile(0.5, TIME_TO_FIRST),
                "95th percentile": quantile(0.95, TIME_TO_FIRST),
                "99th percentile": quantile(0.99, TIME_TO_FIRST),
            },
            unit=SECONDS,
        ),
        lines(
            "Overhead of the gateway",
            "What the gateway itself adds to the provider's time.",
            {
                "median": quantile(0.5, OVERHEAD, where=OF_KEY_AND_GROUP),
                "95th percentile": quantile(0.95, OVERHEAD, where=OF_KEY_AND_GROUP),
            },
            unit=SECONDS,
        ),
        lines(
            "Queue",
            "How long requests wait before the gateway works on them.",
            {
                "median": quantile(0.5, WAITING),
                "95th percentile": quantile(0.95, WAITING),
            },
            unit=SECONDS,
        ),
        lines(
            "Requests in flight",
            "Requests that each pod is working on.",
            {
                "{{pod}}": f"sum by (pod) ({of('litellm_in_flight_requests', CHOSEN_ENVIRONMENT)})",
            },
            unit=COUNT,
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

PROVIDERS = Section(
    title="Providers and deployments",
    panels=[
        bars(
            "State of the deployments",
            "Healthy: the last call succeeded. Failing: it did not. Out: every call of the last "
            "five minutes failed. The worst view of all pods.",
            deployment_state(),
            "{{model_id}}",
            unit="none",
            steps=((None, "green"), (1, "orange"), (2, "red")),
            most=2,
            span=12,
            no_value="no calls yet",
            names={"0": "healthy", "1": "failing", "2": "out"},
        ),
        rows(
            "Health of the providers",
            "Every provider in the selected time. The latency is the provider's own.",
            ("api_provider", "Provider"),
            [
                Column(
                    title="Calls",
                    unit=COUNT,
                    query=increase(CALLS, "api_provider", ABOUT_PROVIDER),
                ),
                Column(
                    title="Failed",
                    unit=SHARE,
                    query=share(
                        increase(FAILED_CALLS, "api_provider", ABOUT_PROVIDER),
                        increase(CALLS, "api_provider", ABOUT_PROVIDER),
                    ),
                ),
                Column(
                    title="Median latency",
                    unit=SECONDS,
                    query=quantile(0.5, PROVIDER_LATENCY, "api_provider", over="$__range"),
                ),
                Column(
                    title="95th percentile",
                    unit=SECONDS,
                    query=quantile(0.95, PROVIDER_LATENCY, "api_provider", over="$__range"),
                ),
                Column(
                    title="Cooldowns",
                    unit=COUNT,
                    query=increase(COOLDOWNS, "api_provider", CHOSEN_ENVIRONMENT),
                ),
            ],
            span=12,
        ),
        lines(
            "Failed calls to providers",
            "Per second, by deployment and kind of failure.",
            {
                "{{model_id}} {{exception_class}}": rate(FAILED_CALLS, "model_id, exception_class"),
            },
            unit=REQUESTS_PER_SECOND,
            stacked=True,
        ),
        lines(
            "Latency of the providers, 95th percentile",
            "The provider's part of the time, by provider.",
            {"{{api_provider}}": quantile(0.95, PROVIDER_LATENCY, "api_provider")},
            unit=SECONDS,
        ),
        lines(
            "Fallbacks",
            "Requests per second that another model answered, or failed to.",
            {
                "{{requested_model}} → {{fallback_model}}": rate(
                    FALLBACKS, "requested_model, fallback_model"
                ),
                "{{requested_model}} → {{fallback_model}}, failed": rate(
                    FAILED_FALLBACKS, "requested_model, fallback_model"
                ),
            },
            unit=REQUESTS_PER_SECOND,
        ),
        lines(
            "Cooldowns",
            "Times per hour that a deployment was taken out because its calls failed.",
            {
                "{{model_id}} {{exception_status}}": rate(
                    COOLDOWNS, "model_id, exception_status", CHOSEN_ENVIRONMENT
                )
                + f" * {SECONDS_PER_HOUR}"
            },
            unit=COUNT,
        ),
    ],
)

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
            "Requests without a price",
            "Answers in the selected time that were booked with no cost: a model without a price "
            "is invisible in every budget.",
            f"sum(increase({of(UNPRICED, CHOSEN_ENVIRONMENT)}[$__range])) or vector(0)",
            unit=COUNT,
            steps=((None, "green"), (1, "orange")),
        ),
        lines(
            "Spend by model",
            "Dollars per hour.",
            {"{{requested_model}}": f"{rate(SPEND, 'requested_model')} * {SECONDS_PER_HOUR}"},
            unit=USD,
            stacked=True,
        ),
        lines(
            "Spend by team",
            "Dollars per hour.",
            {"{{team_alias}}": f"{rate(SPEND, 'team_alias')} * {SECONDS_PER_HOUR}"},
            unit=USD,
            stacked=True,
        ),
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

DASHBOARD = dashboard(
    "operations-finops",
    "Operations and FinOps",
    "For the platform team: is the gateway healthy, what does it cost, which budgets run out.",
    [HEALTH, TRAFFIC, PROVIDERS, CACHE, SPENDING, BUDGETS],
    others={"team-view": "Team", "model-comparison": "Model comparison"},
    since="now-24h",
)
