"""What signing in to the admin UI takes of pods and of the load balancer. Pure."""

from typing import Any

import pulumi

from infra.setting_sections import SignInSettings
from infra.settings import Settings


def sign_in_environment(settings: Settings) -> dict[str, str]:
    """Return the variables, none of them secret, of the admin UI and of signing in to it.

    Those of the proxy's own sign-in are read by LiteLLM 1.106.2 in
    litellm/proxy/management_endpoints/ui_sso.py.
    """
    if not settings.admin_ui.enabled:
        return {"DISABLE_ADMIN_UI": "True"}
    sign_in = settings.sign_in
    # litellm/constants.py
    environment = {"LITELLM_UI_SESSION_DURATION": f"{sign_in.session_hours}h"}
    if sign_in.method != "proxy" or sign_in.issuer is None or sign_in.client_id is None:
        return environment
    return {
        **environment,
        "GENERIC_CLIENT_ID": sign_in.client_id,
        "GENERIC_AUTHORIZATION_ENDPOINT": sign_in.issuer.authorization_url,
        "GENERIC_TOKEN_ENDPOINT": sign_in.issuer.token_url,
        "GENERIC_USERINFO_ENDPOINT": sign_in.issuer.user_info_url,
        "GENERIC_SCOPE": " ".join(sign_in.scopes),
        "GENERIC_USER_ID_ATTRIBUTE": sign_in.user_claim,
        # Names of OpenID Connect's standard claims, of which LiteLLM expects others.
        "GENERIC_USER_DISPLAY_NAME_ATTRIBUTE": "name",
        "GENERIC_USER_FIRST_NAME_ATTRIBUTE": "given_name",
        "GENERIC_USER_LAST_NAME_ATTRIBUTE": "family_name",
        # Groups stand in a token alone where the issuer leaves them out of its user information.
        "GENERIC_INCLUDE_TOKEN_CLAIMS": "true",
        # Read with ast.literal_eval.
        "GENERIC_ROLE_MAPPINGS_ROLES": repr(
            {role: list(groups) for role, groups in sorted(sign_in.roles.items())}
        ),
        "GENERIC_ROLE_MAPPINGS_GROUP_CLAIM": sign_in.group_claim,
        "GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE": sign_in.default_role,
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": str(not sign_in.keep_password).lower(),
    }


def authentication(sign_in: SignInSettings, client_secret: pulumi.Input[str] | None) -> Any:
    """Return the action with which the load balancer has browsers sign in before it forwards."""
    if sign_in.issuer is None or client_secret is None:
        return None
    return {
        "type": "authenticate-oidc",
        "authenticate_oidc": {
            "issuer": sign_in.issuer.url,
            "authorization_endpoint": sign_in.issuer.authorization_url,
            "token_endpoint": sign_in.issuer.token_url,
            "user_info_endpoint": sign_in.issuer.user_info_url,
            "client_id": sign_in.client_id,
            "client_secret": client_secret,
            "scope": " ".join(sign_in.scopes),
            "session_timeout": sign_in.session_hours * 3600,
            "on_unauthenticated_request": "authenticate",
        },
    }
