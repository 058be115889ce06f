"""The admin UI and how people sign in to it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Cidr, Section

HttpsUrl = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:\d+)?(/[^\s?#]*)?$")]
SignInMethod = Literal["password", "loadBalancer", "proxy"]
# Those a person may have: LitellmUserRoles in LiteLLM 1.106.2, litellm/proxy/_types.py.
UserRole = Literal["proxy_admin", "proxy_admin_viewer", "internal_user", "internal_user_viewer"]


class AdminUiSettings(Section):
    enabled: bool = Field(
        default=False,
        description="Serve LiteLLM's admin UI: under `loadBalancer.adminHostName`, or under any "
        "name where the load balancer has none.",
    )


class IssuerSettings(Section):
    """An OpenID Connect issuer, for whatever people sign in to."""

    url: HttpsUrl = Field(
        description="Its identifier, without a slash at the end, such as Keycloak's "
        "`https://keycloak.example.com/realms/engineering`."
    )
    # Keycloak's paths: keycloak.org/securing-apps/oidc-layers, "Available Endpoints".
    authorization_endpoint: HttpsUrl | None = Field(
        default=None,
        description="Where browsers are sent; unset: `<url>/protocol/openid-connect/auth`, as of "
        "Keycloak.",
    )
    token_endpoint: HttpsUrl | None = Field(
        default=None,
        description="Where a code becomes a token; unset: `<url>/protocol/openid-connect/token`.",
    )
    user_info_endpoint: HttpsUrl | None = Field(
        default=None,
        description="Where claims are read; unset: `<url>/protocol/openid-connect/userinfo`.",
    )

    @property
    def authorization_url(self) -> str:
        return self.authorization_endpoint or f"{self.url}/protocol/openid-connect/auth"

    @property
    def token_url(self) -> str:
        return self.token_endpoint or f"{self.url}/protocol/openid-connect/token"

    @property
    def user_info_url(self) -> str:
        return self.user_info_endpoint or f"{self.url}/protocol/openid-connect/userinfo"

    @model_validator(mode="after")
    def _is_an_identifier(self) -> Self:
        if self.url.endswith("/"):
            raise ValueError(f"url {self.url} ends with a slash; take it away")
        return self


class SignInSettings(Section):
    """How people sign in to the admin UI; the issuer serves Grafana as well."""

    method: SignInMethod = Field(
        default="password",
        description="`password`: UI_USERNAME and UI_PASSWORD, a secret that rotates by epoch; "
        "`loadBalancer`: the issuer at the load balancer, then the password; `proxy`: the issuer "
        "through LiteLLM itself, each person with a role of their own.",
    )
    issuer: IssuerSettings | None = Field(
        default=None, description="OpenID Connect issuer, Keycloak or any other; unset: none."
    )
    issuer_cidrs: tuple[Cidr, ...] = Field(
        default=("0.0.0.0/0",),
        min_length=1,
        description="With `loadBalancer`: the networks in which the load balancer finds the "
        "issuer, by HTTPS; narrow it to your issuer's.",
    )
    client_id: str | None = Field(
        default=None,
        pattern=r"^\S+$",
        description="Client of the issuer; its secret is `suppliedSecrets.signInClient` for "
        "`proxy` and `suppliedSecrets.loadBalancerClient` for `loadBalancer`.",
    )
    scopes: tuple[str, ...] = Field(
        default=("openid", "email", "profile"), description="What is asked of the issuer."
    )
    # Seven days are the longest session of a load balancer: elasticloadbalancing's API reference,
    # AuthenticateOidcActionConfig, SessionTimeout.
    session_hours: int = Field(
        default=12, ge=1, le=168, description="Hours after which people sign in again."
    )
    user_claim: str = Field(
        default="preferred_username", description="With `proxy`: the claim that is the user's id."
    )
    group_claim: str = Field(
        default="groups", description="With `proxy`: the claim that has a person's groups."
    )
    roles: dict[UserRole, tuple[str, ...]] = Field(
        default_factory=dict,
        description="With `proxy`: the groups of each role; the highest counts.",
    )
    default_role: UserRole = Field(
        default="internal_user_viewer", description="With `proxy`: the role of everybody else."
    )
    keep_password: bool = Field(
        default=False,
        description="With `proxy`: whether the password opens the UI as well, for the day on which "
        "the issuer is away.",
    )
