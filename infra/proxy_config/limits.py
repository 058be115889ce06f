"""Defaults and bounds of keys, teams and users, and the budget of everybody together.

What reads them in LiteLLM 1.106.2:

- new keys, and their upper bounds: ``_common_key_generation_helper`` and
  ``_enforce_upperbound_key_params`` in proxy/management_endpoints/key_management_endpoints.py. Of
  the soft budget it knows no default, so ``proxy_hooks/soft_budget.py`` sets it.
- new users: ``_update_internal_new_user_params`` in internal_user_endpoints.py there,
  ``insert_sso_user`` in ui_sso.py, ``get_user_object`` in proxy/auth/auth_checks.py for tokens.
  ``max_internal_user_budget`` is not written: an update that names the role of a user would put it
  in the place of the user's own budget.
- new teams: ``_get_default_team_param`` in team_endpoints.py there.
- everybody together: ``ProxyStartupEvent.add_proxy_budget_to_db`` in proxy/proxy_server.py.

There are no upper bounds of teams and users; administrators alone make those.
"""

from infra.proxy_config.additions import Additions, given
from infra.setting_sections import KeyMaximumSettings, LimitSettings, NewKeySettings
from infra.setting_sections.limits import Budget, Rates
from infra.settings import Settings

SOFT_BUDGET_HOOK = "proxy_hooks.soft_budget.default_soft_budget"


def limits(settings: Settings) -> Additions:
    """Return the limits of a stack, which hold over all of its pods."""
    chosen = settings.limits
    return Additions(
        litellm_settings=given(
            default_key_generate_params=_new_key(chosen.new_keys),
            upperbound_key_generate_params=_key_maximum(chosen.key_maximum),
            default_team_params=given(
                **_budget(chosen.new_teams),
                **_rates(chosen.new_teams),
                models=list(chosen.new_teams.models),
            ),
            default_internal_user_params=given(
                **_budget(chosen.new_users),
                **_rates(chosen.new_users),
                max_parallel_requests=chosen.new_users.parallel_requests,
                models=list(chosen.new_users.models),
            ),
            max_budget=chosen.total.budget_usd,
            budget_duration=chosen.total.budget_period,
        ),
        general_settings={
            "apply_user_budget_to_team_keys": chosen.user_budgets_cover_team_keys,
            "fail_closed_rate_limit_enforcement": chosen.without_shared_counters == "refuse",
            # Pods add what they spent in the cache, and one of them writes the sums: otherwise all
            # pods update the rows of the same teams at once.
            "use_redis_transaction_buffer": settings.gateway.maximum_replicas > 1,
            **_hook(chosen),
        },
    )


def _new_key(key: NewKeySettings) -> dict[str, object]:
    return given(
        **_budget(key),
        **_rates(key),
        max_parallel_requests=key.parallel_requests,
        soft_budget=key.soft_budget_usd,
        models=list(key.models),
    )


def _key_maximum(key: KeyMaximumSettings) -> dict[str, object]:
    return given(
        **_budget(key),
        **_rates(key),
        max_parallel_requests=key.parallel_requests,
        duration=key.lifetime,
    )


def _budget(budget: Budget) -> dict[str, object]:
    return {"max_budget": budget.budget_usd, "budget_duration": budget.budget_period}


def _rates(rates: Rates) -> dict[str, object]:
    return {"rpm_limit": rates.requests_per_minute, "tpm_limit": rates.tokens_per_minute}


def _hook(chosen: LimitSettings) -> dict[str, object]:
    if chosen.new_keys.soft_budget_usd is None:
        return {}
    return {"custom_key_generate": SOFT_BUDGET_HOOK}
