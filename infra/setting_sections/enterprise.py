"""What LiteLLM does with a licence only."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Section

Claim = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.:/-]*$")]
Route = Annotated[str, Field(pattern=r"^/[A-Za-z0-9/{}_.*-]*$")]
HttpsUrl = Annotated[str, Field(pattern=r"^https://[^\s?#]+$")]


class License(StrEnum):
    NONE = "none"
    ENTERPRISE = "enterprise"


class JwtSettings(Section):
    """Callers who show a token of an identity provider in place of a key."""

    issuer: HttpsUrl | None = Field(
        default=None, description="What `iss` of a token must be; unset: callers have keys alone."
    )
    audience: str | None = Field(
        default=None, min_length=1, description="What `aud` of a token must be."
    )
    public_key_url: HttpsUrl | None = Field(
        default=None,
        description="Where the issuer publishes its keys; unset: as its discovery document says.",
    )
    user_claim: Claim = Field(default="sub", description="Claim that is the user's id.")
    email_claim: Claim | None = Field(
        default="email", description="Claim that is the user's e-mail address; unset: none."
    )
    teams_claim: Claim = Field(
        default="groups", description="Claim that lists the ids of the user's teams."
    )
    create_users: bool = Field(
        default=True, description="Make users that are new, with `limits.newUsers`."
    )
    teams_grant_models: bool = Field(
        default=True,
        description="A model may be called through a team that has it, and by nobody without one.",
    )

    @model_validator(mode="after")
    def _tokens_are_for_this_gateway(self) -> Self:
        if self.issuer and not self.audience:
            raise ValueError(
                f"issuer {self.issuer} has no audience: tokens for any other service of the issuer "
                "would open the gateway; give audience"
            )
        if self.model_fields_set and not self.issuer:
            raise ValueError("there is no issuer, whose tokens the rest is about; give issuer")
        return self


class EnterpriseSettings(Section):
    """Further settings that need a licence, each as LiteLLM has it."""

    audit_log: Literal["off", "database", "bucket"] = Field(
        default="off",
        description="Who changed keys, teams, users and models: in the database, where LiteLLM "
        "never deletes it, or in the log bucket as well, for `logStorage.retentionDays`.",
    )
    enforced_parameters: tuple[str, ...] = Field(
        default=(),
        description="Fields that every request must have, such as `user` or `metadata.team`.",
    )
    maximum_request_mb: int | None = Field(
        default=None, ge=1, description="Size of a request at most, MB; unset: no limit."
    )
    maximum_response_mb: int | None = Field(
        default=None, ge=1, description="Size of an answer at most, MB; unset: no limit."
    )
    admin_only_routes: tuple[Route, ...] = Field(
        default=(), description="Routes that only administrators may call."
    )
