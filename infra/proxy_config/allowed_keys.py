"""The keys of LiteLLM's configuration that this bundle may write, and those that it must.

LiteLLM ignores an unknown key of ``litellm_settings`` and drops an invalid deployment, both in
silence. So the keys are an allow-list here, taken from the source of LiteLLM 1.106.2; the module
that reads each section stands beside it. ``config_checks/check_litellm_config.py`` repeats the
check with LiteLLM itself.
"""

from collections.abc import Mapping

# ``[]`` in a path stands for each item of a list, ``*`` for each of the keys that a person chose.

SECTIONS = frozenset({
    "general_settings", "guardrails", "litellm_settings", "model_list", "router_settings",
})  # fmt: skip

ALLOWED_KEYS: Mapping[str, frozenset[str]] = {
    # litellm/__init__.py, and ProxyConfig.load_config in litellm/proxy/proxy_server.py
    "litellm_settings": frozenset({
        "cache", "cache_params", "callbacks", "drop_params", "enable_azure_ad_token_refresh",
        "failure_callback", "json_logs", "prometheus_exclude_labels",
        "prometheus_exclude_metrics", "prometheus_initialize_budget_metrics",
        "redact_messages_in_exceptions", "request_timeout",
        "require_auth_for_metrics_endpoint", "s3_callback_params", "success_callback",
        "turn_off_message_logging",
        "budget_duration", "default_internal_user_params", "default_key_generate_params",
        "default_key_max_budget_alert_emails", "default_team_params", "max_budget",
        "upperbound_key_generate_params",
        "audit_log_callbacks", "s3_audit_callback_params", "store_audit_logs",
    }),
    # Their readers stand in infra/proxy_config/limits.py; soft_budget is read by our own hook.
    "litellm_settings.default_key_generate_params": frozenset({
        "budget_duration", "max_budget", "max_parallel_requests", "models", "rpm_limit",
        "soft_budget", "tpm_limit",
    }),
    "litellm_settings.upperbound_key_generate_params": frozenset({
        "budget_duration", "duration", "max_budget", "max_parallel_requests", "rpm_limit",
        "tpm_limit",
    }),
    "litellm_settings.default_team_params": frozenset({
        "budget_duration", "max_budget", "models", "rpm_limit", "tpm_limit",
    }),
    "litellm_settings.default_internal_user_params": frozenset({
        "budget_duration", "max_budget", "max_parallel_requests", "models", "rpm_limit",
        "tpm_limit",
    }),
    "litellm_settings.s3_audit_callback_params": frozenset({
        "s3_bucket_name", "s3_endpoint_url", "s3_path", "s3_region_name",
        "s3_server_side_encryption", "s3_sse_kms_key_id",
    }),
    # S3Logger._init_s3_params in litellm/integrations/s3_v2.py
    "litellm_settings.s3_callback_params": frozenset({
        "s3_batch_file_upload", "s3_bucket_name", "s3_endpoint_url", "s3_path", "s3_region_name",
        "s3_server_side_encryption", "s3_sse_kms_key_id", "s3_use_key_prefix",
        "s3_use_team_prefix",
    }),
    # Cache.__init__ in litellm/caching/caching.py; what it does not know goes to redis.Redis or
    # to boto3.client
    "litellm_settings.cache_params": frozenset({
        "host", "max_messages", "mode", "namespace", "password", "s3_bucket_name",
        "s3_endpoint_url", "s3_path", "s3_region_name", "socket_timeout", "ssl", "ssl_ca_certs",
        "supported_call_types", "ttl", "type", "username",
    }),
    # Router.__init__ in litellm/router.py
    "router_settings": frozenset({
        "content_policy_fallbacks", "context_window_fallbacks", "cooldown_time",
        "default_fallbacks", "disable_cooldowns", "enable_pre_call_checks",
        "enable_weighted_failover", "fallbacks", "max_fallbacks", "model_group_alias",
        "num_retries", "retry_after", "retry_policy", "routing_strategy", "routing_strategy_args",
        "stream_timeout", "tag_filtering_match_any",
    }),
    # RetryPolicy in litellm/types/router.py; without DefaultRetries, which would retry everything
    "router_settings.retry_policy": frozenset({
        "AuthenticationErrorRetries", "BadRequestErrorRetries",
        "ContentPolicyViolationErrorRetries", "InternalServerErrorRetries", "NotFoundErrorRetries",
        "RateLimitErrorRetries", "ServiceUnavailableErrorRetries", "TimeoutErrorRetries",
    }),
    # RoutingArgs in litellm/router_strategy/lowest_latency.py
    "router_settings.routing_strategy_args": frozenset({"lowest_latency_buffer", "ttl"}),
    # ConfigGeneralSettings in litellm/proxy/_types.py; proxy_batch_write_at and health checks in
    # proxy_server.py;
    # custom_key_generate, enforced_params and litellm_jwtauth there too; admin_only_routes in
    # proxy/auth/route_checks.py; use_redis_transaction_buffer in proxy/db/db_transaction_queue;
    # the drain endpoint in health_endpoints/_health_endpoints.py; disable_spend_logs and
    # allow_requests_on_db_unavailable in proxy/db
    "general_settings": frozenset({
        "admin_only_routes", "alert_types", "alerting", "alerting_args", "alerting_threshold",
        "allow_requests_on_db_unavailable", "apply_user_budget_to_team_keys",
        "background_health_checks", "coordination_redis", "custom_key_generate",
        "database_connection_pool_limit", "disable_password_login_when_sso_enabled",
        "disable_spend_logs", "drain_endpoint_token", "enable_drain_endpoint",
        "enable_health_check_routing", "enable_jwt_auth", "enforced_params",
        "fail_closed_rate_limit_enforcement", "health_check_concurrency",
        "health_check_ignore_transient_errors", "health_check_interval",
        "health_check_staleness_threshold", "litellm_jwtauth", "master_key", "max_request_size_mb",
        "max_response_size_mb", "maximum_health_check_retention_period",
        "maximum_spend_logs_retention_period", "proxy_batch_write_at", "spend_logs_metadata_fields",
        "store_model_in_db", "store_prompts_in_spend_logs", "use_redis_transaction_buffer",
        "use_shared_health_check",
    }),
    # SlackAlertingArgs in litellm/types/integrations/slack_alerting.py
    "general_settings.alerting_args": frozenset({
        "budget_alert_ttl", "daily_spend_per_user_threshold", "monthly_spend_per_user_threshold",
    }),
    # LiteLLM_JWTAuth in litellm/proxy/_types.py
    "general_settings.litellm_jwtauth": frozenset({
        "enforce_team_based_model_access", "team_ids_jwt_field", "user_email_jwt_field",
        "user_id_jwt_field", "user_id_upsert",
    }),
    # Guardrail and LitellmParams in litellm/types/guardrails.py
    "guardrails[]": frozenset({"guardrail_name", "litellm_params"}),
    "guardrails[].litellm_params": frozenset({
        "aws_region_name", "blocked_words", "default_on", "guardrail", "guardrailIdentifier",
        "guardrailVersion", "mode", "patterns",
    }),
    # ContentFilterPattern and BlockedWord in litellm/types/guardrails.py
    "guardrails[].litellm_params.patterns[]": frozenset({
        "action", "name", "pattern", "pattern_name", "pattern_type",
    }),
    "guardrails[].litellm_params.blocked_words[]": frozenset({"action", "keyword"}),
    # SpendLogsMetadataFields in litellm/proxy/_types.py
    "general_settings.spend_logs_metadata_fields": frozenset({"exclude", "include"}),
    # CoordinationRedisParams in litellm/proxy/_types.py; its further keys go to redis.Redis
    "general_settings.coordination_redis": frozenset({
        "host", "password", "ssl", "ssl_ca_certs", "username",
    }),
    "model_list[]": frozenset({"litellm_params", "model_info", "model_name"}),
    # CacheControlInjectionPoint in litellm/types/integrations/anthropic_cache_control_hook.py
    "model_list[].litellm_params.cache_control_injection_points[]": frozenset({
        "index", "location", "role",
    }),
    # AwsSessionTag in litellm/types/router.py
    "model_list[].litellm_params.aws_session_tags[]": frozenset({"Key", "Value"}),
    # LiteLLM_Params in litellm/types/router.py; order in litellm/router.py, weight in
    # router_strategy/simple_shuffle.py, tag_regex in router_strategy/tag_based_routing.py,
    # cache_control_injection_points in integrations/anthropic_cache_control_hook.py,
    # model_id and the aws_* in llms/bedrock/base_aws_llm.py
    "model_list[].litellm_params": frozenset({
        "api_base", "api_key", "api_version", "aws_external_id", "aws_region_name", "aws_role_name",
        "aws_session_name", "aws_session_tags", "base_model", "cache_control_injection_points",
        "cache_creation_input_token_cost", "cache_read_input_token_cost", "client_id",
        "client_secret", "extra_headers", "input_cost_per_token", "mock_delay", "mock_response",
        "model", "model_id", "order", "output_cost_per_token", "rpm", "tag_regex", "tags",
        "tenant_id", "tpm", "vertex_credentials", "vertex_location", "vertex_project", "weight",
    }),
    # ModelInfo in litellm/types/router.py, whose own `tier` knows `free` and `paid` only;
    # base_model in router_utils/deployment_pricing.py,
    # enable_tag_filtering in router_strategy/tag_based_routing.py, allowed_fails and its policy in
    # router_utils/cooldown_handlers.py, checks in proxy/health_check.py and proxy_server.py
    "model_list[].model_info": frozenset({
        "access_groups", "allowed_fails", "allowed_fails_policy", "base_model", "cost_tier",
        "disable_background_health_check", "enable_tag_filtering", "health_check_max_tokens",
        "health_check_model", "health_check_params", "health_check_timeout", "id", "mode",
        "team_id", "team_public_model_name",
    }),
    # AllowedFailsPolicy in litellm/types/router.py; of other errors no deployment is at fault
    "model_list[].model_info.allowed_fails_policy": frozenset({
        "AuthenticationErrorAllowedFails", "BadGatewayErrorAllowedFails",
        "InternalServerErrorAllowedFails", "NotFoundErrorAllowedFails",
        "RateLimitErrorAllowedFails", "ServiceUnavailableErrorAllowedFails",
        "TimeoutErrorAllowedFails",
    }),
}  # fmt: skip

# Mappings whose keys are names that a person chose.
FREE_KEYS = frozenset({
    "litellm_settings.default_key_max_budget_alert_emails",
    "model_list[].litellm_params.extra_headers", "model_list[].model_info.health_check_params",
    "router_settings.content_policy_fallbacks[]", "router_settings.context_window_fallbacks[]",
    "router_settings.fallbacks[]", "router_settings.model_group_alias",
})  # fmt: skip

# Without these the gateway would lack something that it promises, or LiteLLM drops the deployment.
REQUIRED_KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset({"general_settings", "litellm_settings", "model_list", "router_settings"}),
    "general_settings": frozenset({"master_key"}),
    "model_list[]": frozenset({"litellm_params", "model_info", "model_name"}),
    "model_list[].litellm_params": frozenset({"model"}),
    "model_list[].model_info": frozenset({"access_groups", "id"}),
}
