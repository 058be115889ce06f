"""The keys of LiteLLM's configuration that this bundle may write.

LiteLLM ignores an unknown key of ``litellm_settings`` and drops an invalid deployment, both in
silence. So the keys are an allow-list here, taken from the source of LiteLLM 1.106.2; the module
that reads each section stands beside it. ``config_checks/check_litellm_config.py`` repeats the
check with LiteLLM itself.
"""

from collections.abc import Mapping

SECTIONS = frozenset({"model_list", "litellm_settings", "router_settings", "general_settings"})

ALLOWED_KEYS: Mapping[str, frozenset[str]] = {
    # litellm/__init__.py, and ProxyConfig.load_config in litellm/proxy/proxy_server.py
    "litellm_settings": frozenset({
        "callbacks", "drop_params", "failure_callback", "json_logs",
        "prometheus_exclude_labels", "prometheus_initialize_budget_metrics", "request_timeout",
        "require_auth_for_metrics_endpoint", "s3_callback_params", "success_callback",
        "turn_off_message_logging",
    }),
    # S3Logger._init_s3_params in litellm/integrations/s3_v2.py
    "litellm_settings.s3_callback_params": frozenset({
        "s3_batch_file_upload", "s3_bucket_name", "s3_endpoint_url", "s3_path", "s3_region_name",
        "s3_server_side_encryption", "s3_sse_kms_key_id", "s3_use_key_prefix",
        "s3_use_team_prefix",
    }),
    # Router.__init__ in litellm/router.py
    "router_settings": frozenset({
        "allowed_fails", "cooldown_time", "enable_tag_filtering", "fallbacks",
        "model_group_alias", "num_retries", "routing_strategy",
    }),
    # ConfigGeneralSettings in litellm/proxy/_types.py; proxy_batch_write_at in proxy_server.py;
    # the drain endpoint in health_endpoints/_health_endpoints.py; disable_spend_logs and
    # allow_requests_on_db_unavailable in proxy/db
    "general_settings": frozenset({
        "allow_requests_on_db_unavailable", "background_health_checks", "coordination_redis",
        "database_connection_pool_limit", "disable_password_login_when_sso_enabled",
        "disable_spend_logs", "drain_endpoint_token",
        "enable_drain_endpoint", "master_key", "maximum_spend_logs_retention_period",
        "proxy_batch_write_at", "store_model_in_db", "store_prompts_in_spend_logs",
    }),
    # CoordinationRedisParams in litellm/proxy/_types.py; its further keys go to redis.Redis
    "general_settings.coordination_redis": frozenset({
        "host", "password", "ssl", "ssl_ca_certs", "username",
    }),
    "model_list[]": frozenset({"litellm_params", "model_info", "model_name"}),
    # LiteLLM_Params in litellm/types/router.py; order in litellm/router.py, weight in
    # router_strategy/simple_shuffle.py,
    # model_id and the aws_* in llms/bedrock/base_aws_llm.py
    "model_list[].litellm_params": frozenset({
        "api_base", "api_key", "aws_external_id", "aws_region_name", "aws_role_name",
        "aws_session_name", "aws_session_tags", "input_cost_per_token", "mock_delay",
        "mock_response", "model", "model_id", "order", "output_cost_per_token", "rpm", "tags",
        "tpm", "weight",
    }),
    # ModelInfo in litellm/types/router.py; its own `tier` knows `free` and `paid` only
    "model_list[].model_info": frozenset({
        "access_groups", "cost_tier", "id", "team_id", "team_public_model_name",
    }),
}  # fmt: skip
