"""What is looked for in requests and answers, and what happens when it is found."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from infra.setting_sections.base import Section

# litellm/proxy/guardrails/guardrail_hooks/litellm_content_filter/patterns.json of 1.106.2.
PREBUILT_PATTERNS = frozenset({
    "age_discrimination", "airline_pnr", "amex", "au_abn", "au_medicare", "au_tfn",
    "aws_access_key", "aws_secret_key", "br_cep", "br_cnpj", "br_cpf", "br_cpf_unformatted",
    "br_phone_landline", "br_phone_mobile", "br_rg", "ca_bank_account", "ca_immigration_doc",
    "ca_ohip", "ca_on_drivers_licence", "ca_postal_code", "ca_sin", "credit_card", "disability",
    "discover", "email", "eu_iban_enhanced", "eu_passport_generic", "eu_vat", "explosives",
    "flight_number", "fr_nir", "fr_phone", "fr_postal_code", "gender_sexual_orientation",
    "generic_api_key", "github_token", "harassment_hate", "iban", "illegal_activities", "ipv4",
    "ipv6", "marital_family_status", "mastercard", "military_status", "nl_bsn_contextual",
    "passport_australia", "passport_canada", "passport_china", "passport_france",
    "passport_germany", "passport_india", "passport_japan", "passport_netherlands",
    "passport_singapore", "passport_uk", "passport_us", "public_assistance",
    "race_ethnicity_national_origin", "religion", "self_harm_suicide", "sg_bank_account",
    "sg_nric", "sg_phone", "sg_postal_code", "sg_uen", "skywards_number", "slack_token",
    "street_address", "terrorism", "uae_emirates_id", "uae_phone", "uoft_student_id",
    "uoft_tcard", "uoft_utorid", "url", "us_phone", "us_ssn", "us_ssn_no_dash",
    "violence_threats", "visa", "weapons_firearms", "weapons_other",
})  # fmt: skip

Action = Literal["block", "mask"]


def _prebuilt(name: str) -> str:
    if name not in PREBUILT_PATTERNS:
        raise ValueError(
            f"LiteLLM has no pattern {name!r}; known are {', '.join(sorted(PREBUILT_PATTERNS))}"
        )
    return name


def _expression(text: str) -> str:
    try:
        re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return text


class OwnPattern(Section):
    """A regular expression of one's own; upper and lower case are the same."""

    expression: Annotated[str, Field(min_length=1), AfterValidator(_expression)] = Field(
        description="Regular expression of Python."
    )
    action: Action = Field(
        default="block", description="Refuse the request, or put the name in its place."
    )


class BedrockGuardrailSettings(Section):
    """A guardrail of Amazon Bedrock in the stack's account; each use is a paid call."""

    id: str = Field(pattern=r"^[a-z0-9]{1,64}$", description="Id of the guardrail.")
    version: str = Field(
        pattern=r"^([1-9][0-9]{0,7}|DRAFT)$", description="Version of the guardrail."
    )
    region: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="Region of the guardrail; unset: the stack's.",
    )


class GuardrailSettings(Section):
    """One guardrail: LiteLLM's own content filter, or one of Bedrock's."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="What requests call the guardrail."
    )
    always: bool = Field(
        default=True,
        description="Look at every request; or at those that name it in `guardrails`.",
    )
    direction: Literal["requests", "answers"] = Field(
        default="requests", description="Look at what is asked, or at what is answered."
    )
    patterns: dict[Annotated[str, AfterValidator(_prebuilt)], Action] = Field(
        default_factory=dict,
        description="Patterns that LiteLLM brings, such as `email` or `credit_card` → `block` or "
        "`mask`.",
    )
    own_patterns: dict[str, OwnPattern] = Field(
        default_factory=dict, description="Name → pattern of one's own."
    )
    words: dict[str, Action] = Field(
        default_factory=dict, description="Word or phrase → `block` or `mask`."
    )
    bedrock: BedrockGuardrailSettings | None = Field(
        default=None, description="A guardrail of Amazon Bedrock, in place of patterns and words."
    )

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        filters = bool(self.patterns or self.own_patterns or self.words)
        if filters and self.bedrock:
            raise ValueError(
                f"guardrail {self.name!r} has patterns or words and bedrock too; make it two "
                "guardrails"
            )
        if not filters and not self.bedrock:
            raise ValueError(
                f"guardrail {self.name!r} looks for nothing; give patterns, ownPatterns, words or "
                "bedrock"
            )
        return self
