"""Rules between the settings of the admin UI, of signing in to it, and of other sections."""

from collections.abc import Iterator

from infra.setting_sections import SignInSettings
from infra.settings import Settings
from infra.supplied_secrets import Supplied


def admin_ui_is_reached(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    balancer = settings.load_balancer
    if settings.admin_ui.enabled and balancer.host_name and not balancer.admin_host_name:
        yield (
            f"adminUi.enabled: {balancer.host_name} serves the API alone, so nobody would reach "
            "the UI; give loadBalancer.adminHostName, or set it to false"
        )


def issuers_are_complete(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    sign_in = settings.sign_in
    if sign_in.method == "password":
        if sign_in.client_id:
            yield (
                "signIn.clientId: signing in by password has no client; set signIn.method, or "
                "remove it"
            )
        yield from _proxy_fields_are_used(sign_in)
        return
    if sign_in.issuer is None:
        yield (
            f"signIn.issuer: signing in by {sign_in.method} takes an OpenID Connect issuer; give "
            "its url, such as https://keycloak.example.com/realms/engineering"
        )
    if sign_in.client_id is None:
        yield f"signIn.clientId: signing in by {sign_in.method} takes a client of the issuer"
    if not settings.admin_ui.enabled:
        yield (
            f"signIn.method: {sign_in.method} is for the admin UI, which is off; set "
            "adminUi.enabled to true, or signIn.method to password"
        )
    if not settings.load_balancer.admin_host_name:
        yield (
            "loadBalancer.adminHostName: an issuer sends people back to a name that it knows; give "
            f"one, with signIn.method {sign_in.method}"
        )
    if "openid" not in sign_in.scopes:
        yield f"signIn.scopes: {', '.join(sign_in.scopes)} lacks openid; add it"
    if sign_in.method == "loadBalancer":
        yield from _proxy_fields_are_used(sign_in)
    elif not sign_in.roles.get("proxy_admin") and not sign_in.keep_password:
        yield (
            "signIn.roles: no group is proxy_admin, so nobody would administer the gateway; name "
            "your administrators' group, or set signIn.keepPassword"
        )


def _proxy_fields_are_used(sign_in: SignInSettings) -> Iterator[str]:
    if sign_in.roles:
        yield "signIn.roles: only signIn.method proxy gives people roles; remove them"
    if sign_in.keep_password:
        yield (
            f"signIn.keepPassword: with signIn.method {sign_in.method} the password is what opens "
            "the UI anyway; remove it"
        )


SIGN_IN_RULES = (admin_ui_is_reached, issuers_are_complete)
