"""Which of LiteLLM's metrics are kept."""

from infra.settings import Settings

# Written with every request (async_log_success_event in litellm/integrations/prometheus.py), most
# of them once for each key, and read by no dashboard, rule or alarm here.
UNREAD_METRICS = (
    "litellm_deployment_latency_per_output_token",
    "litellm_deployment_rpm_limit",
    "litellm_deployment_success_responses",
    "litellm_deployment_tpm_limit",
    "litellm_llm_api_failed_requests_metric",
    "litellm_overhead_with_guardrails_latency_metric",
    "litellm_provider_cache_creation_input_tokens_metric",
    "litellm_provider_cache_read_input_tokens_metric",
    "litellm_remaining_api_key_requests_for_model",
    "litellm_remaining_api_key_tokens_for_model",
    "litellm_remaining_requests_metric",
    "litellm_remaining_tokens_metric",
    "litellm_requests_metric",
    "litellm_spend_capture_rate",
    "litellm_team_rate_limit_allowed_metric",
    "litellm_team_rate_limit_used_metric",
    "litellm_zero_cost_requests_total",
)


def excluded_metrics(settings: Settings) -> tuple[str, ...]:
    """Return LiteLLM's names of the metrics that it leaves out."""
    return () if settings.observability.all_metrics else UNREAD_METRICS
