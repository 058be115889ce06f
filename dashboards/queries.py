"""PromQL over the gateway's metrics. Pure: text in, text out.

A pod that starts anew counts from nought, so counters are only ever looked at by their rate or
increase, and summed over pods after that. Every pod has its own view of a budget or a deployment;
of those the worst counts.
"""

CHOSEN_ENVIRONMENT = 'environment=~"$environment"'
CHOSEN_KEY = f'{CHOSEN_ENVIRONMENT},api_key_alias=~"$key"'
CHOSEN_CALLER = f'{CHOSEN_KEY},team_alias=~"$team"'
CHOSEN = f'{CHOSEN_CALLER},requested_model=~"$model"'
"""What the variables of a dashboard select, for metrics with all of these labels."""

IN_RANGE = "$__range"
AT_ONCE = "$__rate_interval"
LATELY = "5m"

REQUESTS = "litellm_proxy_total_requests_metric_total"
REFUSALS = "litellm_proxy_failed_requests_metric_total"
SPEND = "litellm_spend_metric_total"
TOKENS = "litellm_total_tokens_metric_total"
INPUT_TOKENS = "litellm_input_tokens_metric_total"
OUTPUT_TOKENS = "litellm_output_tokens_metric_total"
LATENCY = "litellm_request_total_latency_metric"
PROVIDER_LATENCY = "litellm_llm_api_latency_metric"
TIME_TO_FIRST = "litellm_llm_api_time_to_first_token_metric"
CALLS = "litellm_deployment_total_requests_total"
FAILED_CALLS = "litellm_deployment_failure_responses_total"
FALLBACKS = "litellm_deployment_successful_fallbacks_total"
FAILED_FALLBACKS = "litellm_deployment_failed_fallbacks_total"

# "None" is among others the status of a request that found every deployment of its model set aside:
# the error that LiteLLM's router raises then has none (litellm/types/router.py).
FAILURE = "5..|None"

SECONDS_PER_HOUR = 3600


def of(metric: str, where: str = CHOSEN) -> str:
    """Return the selector of a metric."""
    return f"{metric}{{{where}}}"


def rate(metric: str, by: str = "", where: str = CHOSEN, over: str = AT_ONCE) -> str:
    """Return what was added per second."""
    return f"{_sum(by)} (rate({of(metric, where)}[{over}]))"


def increase(metric: str, by: str = "", where: str = CHOSEN, over: str = IN_RANGE) -> str:
    """Return what was added in all."""
    return f"{_sum(by)} (increase({of(metric, where)}[{over}]))"


def quantile(
    part: float, histogram: str, by: str = "", where: str = CHOSEN, over: str = AT_ONCE
) -> str:
    """Return the figure that a part of all requests stays below."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({part}, {rate(histogram + '_bucket', labels, where, over)})"


def share(part: str, whole: str) -> str:
    """Return part over whole: nought where only the part is missing, nothing for a whole of nought.

    ``part`` and ``whole`` must be grouped by the same labels.
    """
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def ratio(dividend: str, divisor: str) -> str:
    """Return a quotient, and nothing where there is nothing to divide by."""
    return f"{dividend} / ({divisor} > 0)"


def answered(status: str, where: str = CHOSEN) -> str:
    """Return the selection of the answers whose HTTP status matches."""
    return f'{where},status_code=~"{status}"'


def budget_left(kind: str, by: str, where: str) -> str:
    """Return the dollars left to who has a budget; an unlimited one is +Inf, and left out."""
    return f"min by ({by}) ({of(f'litellm_remaining_{kind}_budget_metric', where)} < Inf)"


def share_of_budget_left(kind: str, by: str, where: str) -> str:
    """Return the part of the budget that is left; the last request may have gone beyond it."""
    budget = f"max by ({by}) ({of(f'litellm_{kind}_max_budget_metric', where)})"
    return f"clamp_min({ratio(budget_left(kind, by, where), budget)}, 0)"


def deployment_state(where: str = CHOSEN_ENVIRONMENT) -> str:
    """Return 0 where a deployment's last call succeeded, 1 where it failed, 2 where all calls fail.

    litellm_deployment_state says 2 itself, but it never takes that back: a cooldown sets it under
    the name of the model group (litellm/router_utils/cooldown_callbacks.py), success sets 0 under
    the name of the provider's model (litellm/integrations/prometheus.py).
    """
    of_deployments = f'{where},model_id!~"|None"'
    failed = increase(FAILED_CALLS, "model_id", of_deployments, LATELY)
    all_calls = increase(CALLS, "model_id", of_deployments, LATELY)
    last_call = f"max by (model_id) ({of('litellm_deployment_state', where)} < 2)"
    return f"2 * ({ratio(failed, all_calls)} == 1) or {last_call}"


def by_tier(of_models: str) -> str:
    """Return the sum for each cost tier of something that is grouped by environment and model.

    LiteLLM's metrics do not have the tier; a recording rule has it from the stack's models.
    """
    tiers = of("gateway:model_tier:info", CHOSEN_ENVIRONMENT)
    return (
        f"sum by (tier) ({of_models} * on (environment, requested_model) group_left (tier) {tiers})"
    )


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"
