"""What LiteLLM does with a licence only, known by name.

``ENTERPRISE_KEYS`` was taken from the source of LiteLLM 1.106.2: every place that asks for
``premium_user``. What the API refuses instead of the configuration is not in it: tags, model
budgets and guardrails of keys and teams, team administrators, organizations, spend reports and
regenerated keys (proxy/management_endpoints), and SCIM, which has no setting at all
(scim/scim_v2.py there).
"""

from collections.abc import Iterator, Mapping
from typing import Any

LICENSE_VARIABLE = "LITELLM_LICENSE"
_REFUSED = "LiteLLM does not start with it"
_IGNORED = "LiteLLM passes over it"

# Path in config.yaml → what becomes of it without a licence.
ENTERPRISE_KEYS: Mapping[str, str] = {
    # proxy/proxy_server.py, ProxyConfig.load_config
    "general_settings.allowed_ips": _REFUSED,
    "general_settings.enforced_params": _REFUSED,
    "worker_registry": _REFUSED,
    # proxy/auth/auth_utils.py
    "general_settings.allowed_routes": "LiteLLM logs an error at each request",
    "general_settings.max_request_size_mb": _IGNORED,
    "general_settings.max_response_size_mb": _IGNORED,
    "general_settings.public_routes": _IGNORED,
    # proxy/auth/route_checks.py
    "general_settings.admin_only_routes": _IGNORED,
    # proxy/auth/user_api_key_auth.py
    "general_settings.enable_jwt_auth": "LiteLLM refuses every token with 403",
    "general_settings.enable_oauth2_auth": "LiteLLM refuses every token with 403",
    # proxy/management_helpers/team_metadata_validation.py
    "general_settings.custom_team_metadata_validate": "LiteLLM refuses new teams",
    # proxy/management_helpers/audit_logs.py
    "litellm_settings.audit_log_callbacks": "LiteLLM writes no audit log",
    "litellm_settings.store_audit_logs": "LiteLLM writes no audit log",
    # router_strategy/budget_limiter.py
    "litellm_settings.tag_budget_config": _REFUSED,
    # proxy/litellm_pre_call_utils.py
    "litellm_settings.allow_dynamic_callback_disabling": _IGNORED,
}
# Values of the lists of callbacks: proxy/common_utils/callback_utils.py, integrations/gcs_bucket,
# integrations/gcs_pubsub, integrations/azure_storage.
ENTERPRISE_CALLBACKS = frozenset({
    "azure_storage", "banned_keywords", "blocked_user_check", "gcs_bucket", "gcs_pubsub",
    "google_text_moderation", "hide_secrets", "llamaguard_moderations", "llmguard_moderations",
    "openai_moderations",
})  # fmt: skip
# Values of general_settings.key_management_system: the modules in litellm/secret_managers.
ENTERPRISE_SECRET_MANAGERS = frozenset({"cyberark", "google_secret_manager", "hashicorp_vault"})
# Variables of the pods: send_email_alert_using_smtp in integrations/SlackAlerting.
ENTERPRISE_VARIABLES = frozenset({"EMAIL_LOGO_URL", "EMAIL_SUPPORT_CONTACT", "SMTP_SENDER_LOGO"})
_CALLBACK_LISTS = ("callbacks", "failure_callback", "success_callback")
# What needs a licence only where it is switched on.
_SWITCHES = ("enable_jwt_auth", "enable_oauth2_auth", "store_audit_logs")


def unlicensed(config: Mapping[str, Any], environment: frozenset[str]) -> Iterator[str]:
    """Yield a sentence for all that the pods, having no licence key, would not do as configured."""
    if LICENSE_VARIABLE in environment:
        return
    for path, effect in ENTERPRISE_KEYS.items():
        value: Any = config
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and not (value is False and path.endswith(_SWITCHES)):
            yield f"{path}: needs license: enterprise; without, {effect}"
    general, library = config.get("general_settings") or {}, config.get("litellm_settings") or {}
    for key in _CALLBACK_LISTS:
        for name in sorted(ENTERPRISE_CALLBACKS.intersection(library.get(key) or ())):
            yield f"litellm_settings.{key}: {name} needs license: enterprise"
    if (manager := general.get("key_management_system")) in ENTERPRISE_SECRET_MANAGERS:
        yield f"general_settings.key_management_system: {manager} needs license: enterprise"
