"""Is the gateway healthy: traffic, errors, latency, providers."""

from dashboards.frame import Section
from dashboards.panels import (
    COUNT,
    MUCH_IS_BAD,
    REQUESTS_PER_SECOND,
    SECONDS,
    SHARE,
    Column,
    bars,
    lines,
    rows,
    single,
)
from dashboards.queries import (
    CALLS,
    CHOSEN,
    CHOSEN_CALLER,
    CHOSEN_ENVIRONMENT,
    CHOSEN_KEY,
    FAILED_CALLS,
    FAILED_FALLBACKS,
    FAILURE,
    FALLBACKS,
    INPUT_TOKENS,
    LATELY,
    LATENCY,
    OUTPUT_TOKENS,
    PROVIDER_LATENCY,
    REQUESTS,
    SECONDS_PER_HOUR,
    TIME_TO_FIRST,
    answered,
    deployment_state,
    increase,
    of,
    quantile,
    rate,
    share,
)
from dashboards.shared import latency, refused_requests

OVERHEAD = "litellm_overhead_latency_metric"
WAITING = "litellm_request_queue_time_seconds"
COOLDOWNS = "litellm_deployment_cooled_down_total"

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
            "Share of the answers of the last five minutes with status 5xx, or without one because "
            "no deployment was left to try. Refused requests (4xx) do not count.",
            share(rate(REQUESTS, "", answered(FAILURE), LATELY), rate(REQUESTS, over=LATELY)),
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
        refused_requests(),
        latency(),
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
                "{{model_id}} {{exception_class}}": rate(
                    FAILED_CALLS, "model_id, exception_class", f'{CHOSEN},model_id!~"|None"'
                ),
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
