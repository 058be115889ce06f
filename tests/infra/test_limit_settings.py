"""Limits, alerts, guardrails and what needs a licence: what is refused, what is rendered."""

from typing import Any

import pytest
import yaml
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import problems_of, settings_of, with_changes

from infra.documents import InvalidConfiguration
from infra.helm_values import Destination, values_context
from infra.pod_environment import plain_environment
from infra.proxy_config.checks import check_litellm_config
from infra.proxy_config.document import config_context, render_litellm_config
from infra.proxy_config.enterprise_keys import ENTERPRISE_CALLBACKS, ENTERPRISE_KEYS
from infra.setting_sections.limits import seconds_of
from infra.setting_warnings import setting_warnings
from infra.subnets import plan_subnets

ISSUER = "https://idp.example/realms/main"
LICENSED = {"license": "enterprise", "suppliedSecrets.license": {"1": {"key": "x"}}}
JWT = {"issuer": ISSUER, "audience": "gateway"}
MAIL = {"host": "mail.example", "sender": "gateway@example.com"}
ENVIRONMENT = frozenset(
    {"DRAIN_TOKEN", "LITELLM_MASTER_KEY", "REDIS_HOST", "REDIS_PASSWORD", "REDIS_USERNAME"}
)


def rendered(changes: dict[str, Any], stack: str = "dev") -> dict[str, Any]:
    """Return the configuration that a stack with these changes renders."""
    settings = settings_of(stack, changes)
    licence = {"LITELLM_LICENSE"} if settings.license == "enterprise" else set()
    context = config_context(
        settings,
        environment=ENVIRONMENT | licence,
        bucket="logs",
        log_key_arn="arn:aws:kms:us-east-1:111122223333:key/logs",
        bedrock_role="arn:aws:iam::111122223333:role/bedrock",
    )
    config: dict[str, Any] = yaml.safe_load(render_litellm_config(context))
    return config


NEED = "is LiteLLM Enterprise; set license to enterprise"
WRONG = [
    ({"limits.newKeys.requestsPerMinute": 20_000}, "newKeys.requestsPerMinute 20000 is above"),
    ({"limits.newKeys.requestsPerMinute": 0}, "limits.newKeys.requestsPerMinute"),
    ({"limits.newKeys.rpm": 5}, "limits.newKeys.rpm: unknown key"),
    (
        {
            "limits.newKeys": {"budgetUsd": 1, "budgetPeriod": "1mo"},
            "limits.keyMaximum": {"budgetUsd": 2, "budgetPeriod": "7d"},
        },
        "newKeys.budgetPeriod 1mo is above keyMaximum.budgetPeriod 7d",
    ),
    (
        {"limits.newKeys": {"budgetUsd": 5, "softBudgetUsd": 5}},
        "softBudgetUsd 5 is not below budgetUsd 5: the key would be blocked before",
    ),
    ({"limits.newTeams.budgetPeriod": "30d"}, "budgetPeriod 30d has no budget; give budgetUsd too"),
    ({"limits.newUsers.budgetPeriod": "monthly"}, "limits.newUsers.budgetPeriod"),
    ({"limits.total": {"budgetUsd": 50}}, "without which LiteLLM does not start"),
    ({"limits.newKeys.models": ["gpt-9"]}, "limits.newKeys.models: there is no 'gpt-9'; known are"),
    ({"limits.newTeams.models": ["tier:9"]}, "limits.newTeams.models: there is no 'tier:9'"),
    ({"limits.newUsers.models": ["team:x"]}, "limits.newUsers.models: there is no 'team:x'"),
    ({"limits.withoutSharedCounters": "hope"}, "limits.withoutSharedCounters"),
    ({"alerting.webhook": True}, "suppliedSecrets.alertWebhook: epoch 1 has no value"),
    ({"alerting.email": {**MAIL, "username": "u"}}, "suppliedSecrets.smtp: epoch 1 has no value"),
    (
        {"alerting": {"slack": True, "email": MAIL}},
        "alerting.email: together with slack, LiteLLM would tell Slack nothing",
    ),
    ({"alerting.userMonthlyUsd": 10}, "alerting.userMonthlyUsd: 10 is told to Slack alone"),
    (
        {"alerting": {"slack": True, "userDailyUsd": 1, "types": ["budget_alerts"]}},
        "alerting.userDailyUsd: add user_spend_thresholds to alerting.types",
    ),
    (
        {"alerting": {"email": MAIL, "types": ["outage_alerts"]}},
        "limits.newKeys.softBudgetUsd: 10 would be told to nobody; add budget_alerts",
    ),
    ({"alerting": {"types": ["budgets"]}}, "alerting.types[0]"),
    ({"alerting.email": {**MAIL, "budgetShares": {"120": []}}}, "alerting.email.budgetShares"),
    ({"integrations": {"slackAlerts": True}}, "integrations: unknown key"),
    ({"license": "trial"}, "license"),
    ({"license": "enterprise"}, "suppliedSecrets.license: epoch 1 has no value"),
    ({"jwt": JWT}, f"jwt.issuer: {NEED}"),
    ({"scim": "true"}, f"scim: {NEED}"),
    ({"enterprise.auditLog": "bucket"}, f"enterprise.auditLog: {NEED}"),
    ({"enterprise.enforcedParameters": ["user"]}, f"enterprise.enforcedParameters: {NEED}"),
    ({"enterprise.maximumRequestMb": 5}, f"enterprise.maximumRequestMb: {NEED}"),
    ({"enterprise.maximumResponseMb": 5}, f"enterprise.maximumResponseMb: {NEED}"),
    ({"enterprise.adminOnlyRoutes": ["/key/generate"]}, f"enterprise.adminOnlyRoutes: {NEED}"),
    (
        {"gateway.environment": {"EMAIL_LOGO_URL": "https://x.example/logo.png"}},
        f"gateway.environment.EMAIL_LOGO_URL: {NEED}",
    ),
    (
        {"gateway.environment": {"LITELLM_LICENSE": "x"}},
        "gateway.environment.LITELLM_LICENSE: is a secret; set license to enterprise",
    ),
    ({"jwt": {"issuer": ISSUER}}, "has no audience: tokens for any other service of the issuer"),
    ({"jwt": {"userClaim": "email"}}, "there is no issuer, whose tokens the rest is about"),
    ({"jwt": {**JWT, "issuer": "http://idp.example"}}, "jwt.issuer"),
    ({"guardrails": [{"name": "empty"}]}, "guardrail 'empty' looks for nothing; give patterns"),
    ({"guardrails": [{"name": "a", "patterns": {"emial": "mask"}}]}, "has no pattern 'emial'"),
    ({"guardrails": [{"name": "a", "words": {"x": "warn"}}]}, "guardrails[0].words.x"),
    (
        {"guardrails": [{"name": "a", "ownPatterns": {"b": {"expression": "("}}}]},
        "is no regular expression",
    ),
    (
        {"guardrails": [{"name": "a", "words": {"x": "block"}}] * 2},
        "guardrails: 'a' stands more than once",
    ),
    (
        {
            "guardrails": [
                {
                    "name": "a",
                    "words": {"x": "mask"},
                    "bedrock": {"id": "abc", "version": "1"},
                }
            ]
        },
        "has patterns or words and bedrock too; make it two",
    ),
    (
        {"guardrails": [{"name": "a", "bedrock": {"id": "abc", "version": "latest"}}]},
        "guardrails[0].bedrock.version",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "told"), WRONG, ids=[told for _, told in WRONG])
def test_what_cannot_be_meant_is_refused_by_name(changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of("dev", changes))


@pytest.mark.parametrize(
    ("period", "seconds"),
    [("30s", 30), ("5m", 300), ("24h", 86_400), ("2w", 1_209_600), ("1mo", 2_592_000)],
)  # fmt: skip
def test_a_period_has_a_length(period: str, seconds: int) -> None:
    assert seconds_of(period) == seconds


# Limits


def test_a_key_has_sixty_requests_a_minute_and_ten_thousand_at_most() -> None:
    config = rendered({}, "prod")["litellm_settings"]
    assert config["default_key_generate_params"] == {"rpm_limit": 60}
    assert config["upperbound_key_generate_params"] == {"rpm_limit": 10_000}


def test_a_user_has_a_hundred_dollars_in_thirty_days() -> None:
    config = rendered({}, "prod")["litellm_settings"]
    assert config["default_internal_user_params"] == {"max_budget": 100, "budget_duration": "30d"}


def test_all_limits_reach_litellm_under_its_names() -> None:
    rates = {"requestsPerMinute": 5, "tokensPerMinute": 6}
    budget = {"budgetUsd": 7, "budgetPeriod": "7d"}
    config = rendered(
        {
            "limits.newKeys": {**rates, **budget, "parallelRequests": 2, "models": ["tier:1"]},
            "limits.keyMaximum": {**rates, **budget, "parallelRequests": 3, "lifetime": "90d"},
            "limits.newTeams": {**rates, **budget, "models": ["all-proxy-models"]},
            "limits.newUsers": {**rates, **budget, "parallelRequests": 4, "models": ["tier:2"]},
        }
    )["litellm_settings"]
    known = {"rpm_limit": 5, "tpm_limit": 6, "max_budget": 7, "budget_duration": "7d"}
    assert config["default_key_generate_params"] == {
        **known, "max_parallel_requests": 2, "models": ["tier:1"],
    }  # fmt: skip
    assert config["upperbound_key_generate_params"] == {
        **known, "max_parallel_requests": 3, "duration": "90d",
    }  # fmt: skip
    assert config["default_team_params"] == {**known, "models": ["all-proxy-models"]}
    assert config["default_internal_user_params"] == {
        **known, "max_parallel_requests": 4, "models": ["tier:2"],
    }  # fmt: skip


def test_limits_that_are_switched_off_are_not_written() -> None:
    off = {"requestsPerMinute": None}
    config = rendered(
        {
            "limits": {
                "newKeys": off,
                "keyMaximum": off,
                "newUsers": {"budgetUsd": None, "budgetPeriod": None},
            }
        }
    )["litellm_settings"]
    assert not {key for key in config if key.startswith(("default_", "upperbound_", "max_"))}


def test_a_tiny_budget_stays_a_number() -> None:
    keys = rendered({"limits.newKeys": {"softBudgetUsd": 1e-7}})["litellm_settings"]
    assert keys["default_key_generate_params"]["soft_budget"] == 1e-7


def test_a_soft_budget_brings_the_hook_that_sets_it() -> None:
    config = rendered({})["general_settings"]
    assert config["custom_key_generate"] == "proxy_hooks.soft_budget.default_soft_budget"


def test_the_hook_lies_beside_the_configuration(dev: list[Registered]) -> None:
    (config,) = [r for r in dev if (r.type, r.name) == ("kubernetes:core/v1:ConfigMap", "config")]
    assert "def default_soft_budget" in config.inputs["data"]["soft_budget.py"]


def test_without_a_soft_budget_there_is_no_hook() -> None:
    assert "custom_key_generate" not in rendered({}, "prod")["general_settings"]


def test_requests_can_be_refused_while_nobody_counts() -> None:
    config = rendered({"limits.withoutSharedCounters": "refuse"})["general_settings"]
    assert config["fail_closed_rate_limit_enforcement"] is True


def test_pods_that_are_several_write_their_sums_through_the_cache() -> None:
    assert rendered({}, "prod")["general_settings"]["use_redis_transaction_buffer"] is True
    assert rendered({}, "dev")["general_settings"]["use_redis_transaction_buffer"] is False


def test_the_database_may_hold_models_if_it_is_said_so() -> None:
    key = "store_model_in_db"
    assert rendered({})["general_settings"][key] is False
    assert rendered({"gateway.storeModelsInDatabase": True})["general_settings"][key] is True


# Alerts


def test_a_webhook_s_url_is_a_secret_of_its_own() -> None:
    changes = {
        "alerting.webhook": True,
        "suppliedSecrets.alertWebhook": {"1": {"url": "https://alerts.example/x"}},
    }
    assert settings_of("dev", changes).supplied_families["alertWebhook"] == 1
    assert rendered(changes)["general_settings"]["alerting"] == ["webhook"]


def test_slack_is_told_of_what_a_user_spends() -> None:
    config = rendered(
        {
            "alerting": {"slack": True, "userMonthlyUsd": 10, "repeatHours": 1},
            "suppliedSecrets.slackWebhook": {"1": {"url": "https://hooks.example/1"}},
        }
    )["general_settings"]
    assert config["alerting"] == ["slack"]
    assert config["alerting_args"] == {
        "budget_alert_ttl": 3600,
        "monthly_spend_per_user_threshold": 10,
    }


def test_mail_tells_of_shares_of_a_budget() -> None:
    shares = {"20": ["finance@example.com"], "100": []}
    config = rendered({"alerting.email": {**MAIL, "budgetShares": shares}})
    assert config["litellm_settings"]["default_key_max_budget_alert_emails"] == shares
    assert config["general_settings"]["alerting"] == ["email"]


def test_the_mail_server_is_named_to_the_pods_and_reachable() -> None:
    changes = {
        "alerting.email": {**MAIL, "port": 2587, "networks": ["10.9.0.0/24"], "username": "u"},
        "suppliedSecrets.smtp": {"1": {"password": "x"}},
    }
    settings = settings_of("dev", changes)
    environment = plain_environment(
        settings, database_host="d", cache_host="c", own_cache_authority=False
    )
    assert environment["SMTP_HOST"] == "mail.example"
    assert environment["SMTP_PORT"] == "2587"
    assert environment["SMTP_USERNAME"] == "u"
    assert "SMTP_PASSWORD" not in environment
    context = values_context(
        settings,
        environment={},
        secrets=(),
        config_map="",
        certificates="",
        plan=plan_subnets("10.40.0.0/16", 2),
    )
    assert context.additional_destinations == (Destination(cidrs=("10.9.0.0/24",), port=2587),)


def test_without_a_way_to_tell_nothing_of_alerts_is_written() -> None:
    assert not {key for key in rendered({})["general_settings"] if key.startswith("alert")}


# Warnings


def test_a_soft_budget_that_nobody_is_told_of_is_a_warning() -> None:
    (told,) = setting_warnings(settings_of("dev"))
    assert told.startswith("limits.newKeys.softBudgetUsd: nobody is told at 10 USD; turn on")


def test_sign_in_without_a_licence_is_a_warning() -> None:
    changes = {
        "signIn": {
            "method": "proxy",
            "issuer": {"url": "https://idp.example"},
            "clientId": "gateway",
            "keepPassword": True,
        },
        "suppliedSecrets.signInClient": {"1": {"clientSecret": "b"}},
    }
    (told,) = setting_warnings(settings_of("prod", changes))
    assert "refuses every sign-in once it has more than 5 users; `uv run ops users`" in told


def test_models_in_the_database_are_a_warning() -> None:
    (told,) = setting_warnings(settings_of("prod", {"gateway.storeModelsInDatabase": True}))
    assert "`uv run ops models` lists them" in told


# What needs a licence


def test_tokens_open_the_gateway_with_a_licence() -> None:
    changes = {**LICENSED, "jwt": JWT}
    config = rendered(changes)["general_settings"]
    assert config["enable_jwt_auth"] is True
    assert config["litellm_jwtauth"] == {
        "user_id_jwt_field": "sub",
        "user_email_jwt_field": "email",
        "team_ids_jwt_field": "groups",
        "user_id_upsert": True,
        "enforce_team_based_model_access": True,
    }
    environment = plain_environment(
        settings_of("dev", changes), database_host="d", cache_host="c", own_cache_authority=False
    )
    assert environment["JWT_ISSUER"] == ISSUER
    assert environment["JWT_AUDIENCE"] == "gateway"
    assert environment["JWT_PUBLIC_KEY_URL"] == f"{ISSUER}/.well-known/openid-configuration"


def test_the_audit_log_goes_to_a_place_of_its_own_in_the_bucket() -> None:
    config = rendered({**LICENSED, "enterprise.auditLog": "bucket"})["litellm_settings"]
    assert config["store_audit_logs"] is True
    assert config["audit_log_callbacks"] == ["s3_v2"]
    assert config["s3_audit_callback_params"]["s3_path"] == "audit"
    assert config["s3_audit_callback_params"]["s3_server_side_encryption"] == "aws:kms"


def test_an_audit_log_that_is_off_is_off_with_a_licence_too() -> None:
    assert rendered(LICENSED)["litellm_settings"]["store_audit_logs"] is False


def test_further_licensed_settings_reach_litellm() -> None:
    chosen = {
        "enforcedParameters": ["user"],
        "maximumRequestMb": 5,
        "maximumResponseMb": 6,
        "adminOnlyRoutes": ["/key/generate"],
    }
    config = rendered({**LICENSED, "enterprise": chosen})["general_settings"]
    assert config["enforced_params"] == ["user"]
    assert (config["max_request_size_mb"], config["max_response_size_mb"]) == (5, 6)
    assert config["admin_only_routes"] == ["/key/generate"]


def _with(path: str, value: Any) -> dict[str, Any]:
    config = rendered({})
    place: Any = config
    *sections, key = path.split(".")
    for section in sections:
        place = place.setdefault(section, {})
    place[key] = value
    return config


def _told(config: dict[str, Any]) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        check_litellm_config(config, ENVIRONMENT)
    return str(caught.value)


@pytest.mark.parametrize("path", ENTERPRISE_KEYS)
def test_a_rendered_key_that_needs_a_licence_is_refused_by_name(path: str) -> None:
    assert f"{path}: needs license: enterprise; without, LiteLLM " in _told(_with(path, True))


@pytest.mark.parametrize("name", sorted(ENTERPRISE_CALLBACKS))
def test_a_callback_that_needs_a_licence_is_refused_by_name(name: str) -> None:
    told = _told(_with("litellm_settings.callbacks", ["prometheus", name]))
    assert f"litellm_settings.callbacks: {name} needs license: enterprise" in told


def test_a_secret_manager_that_needs_a_licence_is_refused_by_name() -> None:
    told = _told(_with("general_settings.key_management_system", "hashicorp_vault"))
    assert "key_management_system: hashicorp_vault needs license: enterprise" in told


# Guardrails


def test_a_content_filter_reaches_litellm() -> None:
    (entry,) = rendered(
        {
            "guardrails": [
                {
                    "name": "personal-data",
                    "always": False,
                    "direction": "answers",
                    "patterns": {"email": "mask"},
                    "ownPatterns": {"project": {"expression": r"project-\d+"}},
                    "words": {"top secret": "block"},
                }
            ]
        }
    )["guardrails"]
    assert entry == {
        "guardrail_name": "personal-data",
        "litellm_params": {
            "guardrail": "litellm_content_filter",
            "mode": "post_call",
            "default_on": False,
            "patterns": [
                {"pattern_type": "prebuilt", "pattern_name": "email", "action": "MASK"},
                {
                    "pattern_type": "regex",
                    "name": "project",
                    "pattern": r"project-\d+",
                    "action": "BLOCK",
                },
            ],
            "blocked_words": [{"keyword": "top secret", "action": "BLOCK"}],
        },
    }


def test_a_guardrail_of_bedrock_may_be_applied_by_the_pods_and_no_other() -> None:
    guardrail = {"name": "bedrock", "bedrock": {"id": "abc123", "version": "2"}}
    (entry,) = rendered({"guardrails": [guardrail]})["guardrails"]
    assert entry["litellm_params"]["guardrailIdentifier"] == "abc123"
    resources = run_program("dev", with_changes("dev", {"guardrails": [guardrail]}))
    policy = next(
        r.inputs["policy"]
        for r in resources
        if r.type.endswith("RolePolicy") and "ApplyGuardrail" in str(r.inputs["policy"])
    )
    assert "arn:aws:bedrock:us-east-1:111122223333:guardrail/abc123" in policy
    assert "guardrail/*" not in policy


def test_no_guardrail_is_written_where_there_is_none() -> None:
    assert "guardrails" not in rendered({})


def test_the_audit_log_may_be_written_where_it_goes() -> None:
    changes = {**LICENSED, "enterprise.auditLog": "bucket"}
    resources = run_program("dev", with_changes("dev", changes))
    policies = [str(r.inputs["policy"]) for r in resources if r.type.endswith("RolePolicy")]
    assert any("/audit/*" in policy and "/logs/*" in policy for policy in policies)
    plain = run_program("dev", with_changes("dev", {}))
    assert not any("/audit/*" in str(r.inputs.get("policy")) for r in plain)
    assert of_type(plain, "BucketLifecycleConfiguration")
