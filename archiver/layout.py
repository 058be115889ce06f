"""Where archived things lie in the bucket, and their columns. Needs no library."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["bigint", "boolean", "double", "json", "string", "timestamp"]

# What LiteLLM writes (its `s3_path`), the copy of it, the plans of the copy, and spend rows. Below
# the copy and below each table of the spend rows there is a folder for each day, `date=2026-05-17`.
LOGS, COPY, PLANS, SPEND = "logs/", "requests/", "requests-plans/", "spend/"

# Fields of StandardLoggingPayload (litellm/types/utils.py, LiteLLM 1.106.2), in its spelling. A
# field of nested values is JSON text, because what is in it depends on model and caller.
PAYLOAD: Mapping[str, Kind] = {
    "id": "string",
    "trace_id": "string",
    "session_id": "string",
    "litellm_call_id": "string",
    "call_type": "string",
    "stream": "boolean",
    "response_cost": "double",
    "cost_breakdown": "json",
    "autorouter_savings": "double",
    "autorouter_savings_estimate": "json",
    "autorouter_baseline_observation": "string",
    "response_cost_failure_debug_info": "json",
    "zero_cost_diagnostic": "json",
    "status": "string",
    "status_fields": "json",
    "custom_llm_provider": "string",
    "total_tokens": "bigint",
    "prompt_tokens": "bigint",
    "completion_tokens": "bigint",
    "startTime": "double",
    "endTime": "double",
    "completionStartTime": "double",
    "response_time": "double",
    "model_map_information": "json",
    "model": "string",
    "model_id": "string",
    "model_group": "string",
    "api_base": "string",
    "metadata": "json",
    "cache_hit": "boolean",
    "cache_key": "string",
    "saved_cache_cost": "double",
    "request_tags": "json",
    "request_model_access_groups": "json",
    "end_user": "string",
    "requester_ip_address": "string",
    "user_agent": "string",
    "messages": "json",
    "response": "json",
    "error_str": "string",
    "error_information": "json",
    "model_parameters": "json",
    "hidden_params": "json",
    "guardrail_information": "json",
    "standard_built_in_tools_params": "json",
    "classifier_input": "json",
    "originating_request_masked": "json",
}

# Fields of StandardLoggingMetadata, which the copy has as columns of their own. The payload's
# `requester_ip_address` and `user_agent` are taken from here by LiteLLM itself.
METADATA: Mapping[str, Kind] = {
    "user_api_key_hash": "string",
    "user_api_key_alias": "string",
    "user_api_key_spend": "double",
    "user_api_key_max_budget": "double",
    "user_api_key_budget_reset_at": "string",
    "user_api_key_user_spend": "double",
    "user_api_key_user_max_budget": "double",
    "user_api_key_team_spend": "double",
    "user_api_key_team_max_budget": "double",
    "user_api_key_org_id": "string",
    "user_api_key_org_alias": "string",
    "user_api_key_team_id": "string",
    "user_api_key_project_id": "string",
    "user_api_key_project_alias": "string",
    "user_api_key_user_id": "string",
    "user_api_key_user_email": "string",
    "user_api_key_team_alias": "string",
    "user_api_key_end_user_id": "string",
    "user_api_key_request_route": "string",
    "user_api_key_auth_metadata": "json",
    "spend_logs_metadata": "json",
    "requester_metadata": "json",
    "requester_custom_headers": "json",
    "prompt_management_metadata": "json",
    "mcp_tool_call_metadata": "json",
    "vector_store_request_metadata": "json",
    "routing_decision": "json",
    "applied_guardrails": "json",
    "usage_object": "json",
    "cold_storage_object_key": "string",
    "team_alias": "string",
    "team_id": "string",
    "used_client_oauth_token": "boolean",
}

# What says which session a request belongs to, of `spend_logs_metadata`. The payload has the first.
SESSION = ("session_id", "agent_name", "conversation_name", "workspace_id")
_SESSION_COLUMNS: Mapping[str, Kind] = dict.fromkeys(SESSION, "string")

# Where a request's record came from: the key of the log object.
OBJECT_KEY = "object_key"

LOG_OBJECT_COLUMNS: Mapping[str, Kind] = {name.lower(): kind for name, kind in PAYLOAD.items()}
REQUEST_COLUMNS: Mapping[str, Kind] = {
    **LOG_OBJECT_COLUMNS,
    **METADATA,
    **_SESSION_COLUMNS,
    OBJECT_KEY: "string",
}

# Tables of LiteLLM's database, by their folders (litellm/proxy/schema.prisma).
SPEND_COLUMNS: Mapping[str, Mapping[str, Kind]] = {
    "logs": {
        "request_id": "string",
        "call_type": "string",
        "api_key": "string",
        "spend": "double",
        "total_tokens": "bigint",
        "prompt_tokens": "bigint",
        "completion_tokens": "bigint",
        "startTime": "timestamp",
        "endTime": "timestamp",
        "request_duration_ms": "bigint",
        "completionStartTime": "timestamp",
        "model": "string",
        "model_id": "string",
        "model_group": "string",
        "custom_llm_provider": "string",
        "api_base": "string",
        "user": "string",
        "metadata": "json",
        "cache_hit": "string",
        "cache_key": "string",
        "request_tags": "json",
        "team_id": "string",
        "organization_id": "string",
        "end_user": "string",
        "requester_ip_address": "string",
        "messages": "json",
        "response": "json",
        "session_id": "string",
        "status": "string",
        "mcp_namespaced_tool_name": "string",
        "billing_agent_id": "string",
        "agent_id": "string",
        "proxy_server_request": "json",
        "litellm_call_id": "string",
        "created_at": "timestamp",
        "updated_at": "timestamp",
    },
    "tools": {"request_id": "string", "tool_name": "string", "start_time": "timestamp"},
    "guardrails": {
        "request_id": "string",
        "guardrail_id": "string",
        "policy_id": "string",
        "start_time": "timestamp",
    },
}
