"""What is worth a second look in a stack's configuration, though it can be brought up."""

from collections.abc import Iterator

from infra.setting_sections import License
from infra.settings import Settings

# _raise_if_sso_exceeds_free_user_limit in
# litellm/proxy/management_endpoints/ui_sso.py of 1.106.2.
FREE_SIGN_IN_USERS = 5


def setting_warnings(settings: Settings) -> Iterator[str]:
    """Yield a sentence for every setting that may not do what was meant."""
    if settings.sign_in.method == "proxy" and settings.license is License.NONE:
        yield (
            f"signIn.method: without a licence LiteLLM refuses every sign-in once it has more "
            f"than {FREE_SIGN_IN_USERS} users; `uv run ops users` counts them"
        )
    soft = settings.limits.new_keys.soft_budget_usd
    if soft and not settings.alerting.ways:
        yield (
            f"limits.newKeys.softBudgetUsd: nobody is told at {soft:g} USD; turn on "
            "alerting.slack, alerting.webhook or alerting.email"
        )
    if settings.gateway.store_models_in_database:
        yield (
            "gateway.storeModelsInDatabase: models that the admin UI adds are in no file and no "
            "review; `uv run ops models` lists them"
        )
