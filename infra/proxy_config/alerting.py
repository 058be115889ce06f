"""``alerting`` and what belongs to it: whom the proxy tells of budgets and outages.

Read by ``_load_alerting_settings`` in litellm/proxy/proxy_server.py of 1.106.2; the shares of a
budget that e-mail tells of by ``virtual_key_max_budget_alert_check`` in proxy/auth/auth_checks.py.
Slack, webhook and e-mail ask for no licence key; only a logo and a contact of one's own do.
"""

from infra.proxy_config.additions import Additions, given
from infra.setting_sections import AlertingSettings
from infra.settings import Settings

_HOUR = 3600


def alerting(settings: Settings) -> Additions:
    """Return whom the proxy tells of what; nothing where no way is on."""
    chosen = settings.alerting
    if not chosen.ways:
        return Additions()
    email = chosen.email
    return Additions(
        litellm_settings=given(
            default_key_max_budget_alert_emails={
                str(share): list(receivers)
                for share, receivers in sorted((email.budget_shares if email else {}).items())
            }
        ),
        general_settings={
            "alerting": list(chosen.ways),
            "alert_types": list(chosen.types),
            "alerting_threshold": chosen.slow_seconds,
            "alerting_args": given(
                budget_alert_ttl=chosen.repeat_hours * _HOUR,
                daily_spend_per_user_threshold=chosen.user_daily_usd,
                monthly_spend_per_user_threshold=chosen.user_monthly_usd,
            ),
        },
    )


def mail_environment(alerting: AlertingSettings) -> dict[str, str]:
    """Return the variables of the server that takes mail: send_email in litellm/proxy/utils.py."""
    email = alerting.email
    if email is None:
        return {}
    environment = {
        "SMTP_HOST": email.host,
        "SMTP_PORT": str(email.port),
        "SMTP_TLS": str(email.start_tls),
        "SMTP_SENDER_EMAIL": email.sender,
    }
    return environment | ({"SMTP_USERNAME": email.username} if email.username else {})
