"""How people sign in to the admin UI: what is refused, what pods and balancer are told."""

import ast
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import problems_of, settings_of, with_changes

from infra.sign_in import sign_in_environment

ISSUER = "https://keycloak.example.com/realms/engineering"
BY_PROXY: dict[str, Any] = {
    "adminUi.enabled": True,
    "signIn": {
        "method": "proxy",
        "issuer": {"url": ISSUER},
        "clientId": "litellm",
        "roles": {"proxy_admin": ["platform"], "internal_user": ["developers", "it's"]},
    },
    "suppliedSecrets.signInClient": {"1": {"clientSecret": "of-the-proxy"}},
}
BY_BALANCER: dict[str, Any] = {
    "adminUi.enabled": True,
    "signIn": {"method": "loadBalancer", "issuer": {"url": ISSUER}, "clientId": "balancer"},
    "suppliedSecrets.loadBalancerClient": {"1": {"clientSecret": "of-the-balancer"}},
}
NO_CLIENT: dict[str, Any] = {"method": "proxy", "issuer": {"url": ISSUER}, "roles": {}}

WRONG = [
    ("prod", {"adminUi.enabled": True, "loadBalancer.adminHostName": None}, "nobody would reach"),
    ("prod", {"signIn.method": "sso"}, "signIn.method"),
    ("prod", {"signIn.method": "proxy"}, "signIn.issuer: signing in by proxy takes"),
    ("prod", {"signIn": NO_CLIENT}, "signIn.clientId: signing in by proxy takes a client"),
    ("prod", {"signIn": NO_CLIENT}, "signIn.roles: no group is proxy_admin"),
    ("prod", {**BY_PROXY, "adminUi.enabled": False}, "signIn.method: proxy is for the admin UI"),
    ("dev", BY_PROXY, "loadBalancer.adminHostName: an issuer sends people back"),
    ("prod", {"signIn.clientId": "litellm"}, "signIn.clientId: signing in by password has no"),
    ("prod", {"signIn.roles": {"proxy_admin": ["a"]}}, "signIn.roles: only signIn.method proxy"),
    ("prod", {"signIn.roles": {"king": ["a"]}}, "signIn.roles.king"),
    ("prod", {"signIn.keepPassword": True}, "signIn.keepPassword"),
    ("prod", {**BY_PROXY, "signIn.scopes": ["email"]}, "signIn.scopes: email lacks openid"),
    ("prod", {"signIn.issuer": {"url": "http://plain.example"}}, "signIn.issuer.url"),
    ("prod", {"signIn.issuer": {"url": f"{ISSUER}/"}}, "ends with a slash; take it away"),
    ("prod", {"signIn.sessionHours": 169}, "signIn.sessionHours"),
    ("prod", {"signIn.issuerCidrs": ["issuer"]}, "signIn.issuerCidrs[0]"),
    (
        "prod",
        {**BY_PROXY, "suppliedSecrets": {}},
        "suppliedSecrets.signInClient: epoch 1 has no value",
    ),
    (
        "prod",
        {**BY_BALANCER, "suppliedSecrets": {}},
        "suppliedSecrets.loadBalancerClient: epoch 1 has no value",
    ),
]


@pytest.mark.parametrize(("stack", "changes", "told"), WRONG, ids=[told for _, _, told in WRONG])
def test_a_wrong_setting_of_signing_in_is_named(
    stack: str, changes: dict[str, Any], told: str
) -> None:
    assert told in "\n".join(problems_of(stack, changes))


def test_without_the_admin_ui_the_proxy_serves_none() -> None:
    settings = settings_of("prod", {"adminUi.enabled": False})
    assert sign_in_environment(settings) == {"DISABLE_ADMIN_UI": "True"}


def test_a_session_of_the_ui_ends_after_the_hours_that_are_set() -> None:
    settings = settings_of("prod", {"adminUi.enabled": True, "signIn.sessionHours": 3})
    assert sign_in_environment(settings) == {"LITELLM_UI_SESSION_DURATION": "3h"}


def test_the_proxy_finds_keycloak_s_endpoints_below_its_issuer() -> None:
    environment = sign_in_environment(settings_of("prod", BY_PROXY))
    below = f"{ISSUER}/protocol/openid-connect"
    assert environment["GENERIC_AUTHORIZATION_ENDPOINT"] == f"{below}/auth"
    assert environment["GENERIC_TOKEN_ENDPOINT"] == f"{below}/token"
    assert environment["GENERIC_USERINFO_ENDPOINT"] == f"{below}/userinfo"


def test_another_issuer_s_endpoints_are_given() -> None:
    endpoints = {"tokenEndpoint": "https://other.example/t", "url": "https://other.example"}
    changes = {**BY_PROXY, "signIn": {**BY_PROXY["signIn"], "issuer": endpoints}}
    environment = sign_in_environment(settings_of("prod", changes))
    assert environment["GENERIC_TOKEN_ENDPOINT"] == "https://other.example/t"


def test_groups_get_their_roles_in_the_form_that_the_proxy_reads() -> None:
    environment = sign_in_environment(settings_of("prod", BY_PROXY))
    assert ast.literal_eval(environment["GENERIC_ROLE_MAPPINGS_ROLES"]) == {
        "proxy_admin": ["platform"],
        "internal_user": ["developers", "it's"],
    }
    assert environment["GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE"] == "internal_user_viewer"


@pytest.fixture(scope="module")
def by_proxy() -> list[Registered]:
    return run_program("prod", with_changes("prod", BY_PROXY))


@pytest.fixture(scope="module")
def by_balancer() -> list[Registered]:
    return run_program("prod", with_changes("prod", BY_BALANCER))


def gateway(resources: list[Registered]) -> dict[str, Any]:
    (release,) = [r for r in of_type(resources, "Release") if r.name == "gateway"]
    values: dict[str, Any] = release.inputs["values"]
    return values


def config(resources: list[Registered]) -> str:
    (found,) = [r for r in of_type(resources, "ConfigMap") if r.name == "config"]
    return str(found.inputs["data"]["config.yaml"])


def test_the_proxy_s_client_secret_comes_from_a_secret(by_proxy: list[Registered]) -> None:
    values = gateway(by_proxy)
    variables = {item["name"]: item["secret"] for item in values["secretEnvironment"]}
    assert variables["GENERIC_CLIENT_SECRET"] == "sign-in-client-1"
    assert "of-the-proxy" not in str(values)


def test_the_issuer_alone_opens_the_ui_unless_the_password_is_kept(
    by_proxy: list[Registered],
) -> None:
    assert "disable_password_login_when_sso_enabled: true" in config(by_proxy)
    kept = {**BY_PROXY, "signIn": {**BY_PROXY["signIn"], "keepPassword": True}}
    resources = run_program("prod", with_changes("prod", kept))
    assert "disable_password_login" not in config(resources)
    assert gateway(resources)["environment"]["AUTO_REDIRECT_UI_LOGIN_TO_SSO"] == "false"


def test_the_ui_has_a_password_that_is_not_the_master_key(by_balancer: list[Registered]) -> None:
    variables = {item["name"]: item["secret"] for item in gateway(by_balancer)["secretEnvironment"]}
    assert variables["UI_PASSWORD"] == variables["UI_USERNAME"] == "ui-password-1"
    assert variables["LITELLM_MASTER_KEY"] == "master-key-1"


def test_the_balancer_s_client_is_unknown_in_the_cluster(by_balancer: list[Registered]) -> None:
    assert "GENERIC" not in str(gateway(by_balancer))
    synced = {r.name for r in by_balancer if r.type.endswith(":ExternalSecret")}
    assert "ui-password-1" in synced
    assert "load-balancer-client-1" not in synced
    stored = {r.name for r in of_type(by_balancer, "secretVersion:SecretVersion")}
    assert "load-balancer-client-1" in stored


def issuer_rules(resources: list[Registered]) -> set[str]:
    """Names of the ways from the load balancer to the issuer."""
    found = {r.name for r in of_type(resources, "SecurityGroupEgressRule")}
    routes = {r.name for r in of_type(resources, "ec2/route:Route")}
    return {name for name in found | routes if name.startswith(("to-issuer", "edge"))}


def test_the_balancer_reaches_the_issuer_only_where_it_has_to(
    by_proxy: list[Registered], by_balancer: list[Registered]
) -> None:
    assert issuer_rules(by_balancer) == {"to-issuer-0.0.0.0/0", "edge-out"}
    assert issuer_rules(by_proxy) == set()


def test_the_networks_of_the_issuer_can_be_narrowed() -> None:
    changes = {**BY_BALANCER, "signIn": {**BY_BALANCER["signIn"], "issuerCidrs": ["10.9.0.0/24"]}}
    resources = run_program("prod", with_changes("prod", changes))
    assert "to-issuer-10.9.0.0/24" in issuer_rules(resources)


_SECRET = "4dabf18193072939515e22adb298388d"


def actions(rule: Registered) -> tuple[list[dict[str, Any]], bool]:
    """Return a rule's actions, and whether they are a secret on their way to the engine."""
    given = rule.inputs["actions"]
    return (
        (given["value"], True) if isinstance(given, dict) and _SECRET in given else (given, False)
    )


def test_the_client_s_secret_is_a_secret_of_the_state(by_balancer: list[Registered]) -> None:
    for rule in of_type(by_balancer, "ListenerRule"):
        given, is_secret = actions(rule)
        assert is_secret == ("of-the-balancer" in str(given))
    assert any(actions(rule)[1] for rule in of_type(by_balancer, "ListenerRule"))


def test_the_balancer_s_session_lasts_as_long_as_the_ui_s(by_balancer: list[Registered]) -> None:
    seconds = {
        action["authenticateOidc"]["sessionTimeout"]
        for rule in of_type(by_balancer, "ListenerRule")
        for action in actions(rule)[0]
        if action["type"] == "authenticate-oidc"
    }
    assert seconds == {12 * 3600}
