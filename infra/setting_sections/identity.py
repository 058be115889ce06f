"""Who may do what in AWS: Bedrock's role and its session tags, GitHub's roles."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from infra.setting_sections.base import Arn, Section

# What STS takes as session tags: docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
_TAG_KEY = Field(pattern=r"^[A-Za-z0-9_ .:/=+@-]{1,128}$")
_TAG_VALUE = Field(pattern=r"^[A-Za-z0-9_ .:/=+@-]{0,256}$")


def _session_tags(tags: dict[str, str]) -> dict[str, str]:
    if reserved := [key for key in tags if key.lower().startswith("aws:")]:
        raise ValueError(f"{reserved[0]!r} begins with aws:, which AWS keeps for itself")
    if len({key.lower() for key in tags}) < len(tags):
        raise ValueError("two keys differ in case only, which STS takes for the same")
    return tags


class BedrockTeam(Section):
    """A team whose Bedrock costs stand apart on AWS's bill."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$",
        description="LiteLLM's `team_id`; give it when the team is made.",
    )
    tags: Annotated[
        dict[Annotated[str, _TAG_KEY], Annotated[str, _TAG_VALUE]], AfterValidator(_session_tags)
    ] = Field(
        min_length=1,
        max_length=10,
        description="Session tags of the team's calls, such as `team: search`; activate them as "
        "cost allocation tags of type IAM principal.",
    )


class BedrockSettings(Section):
    """The role with which Bedrock is called; without any of these, it is the pod's own."""

    role_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/.+$",
        description="Role, of another account for instance, that the gateway takes for Bedrock; "
        "unset: the gateway's own rights.",
    )
    external_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$",
        description="External id that `roleArn` asks for.",
    )
    teams: tuple[BedrockTeam, ...] = Field(
        default=(), description="Teams that call Bedrock with session tags of their own."
    )


class GitHubSettings(Section):
    """Roles that workflows of one repository take by OpenID Connect."""

    repository: str = Field(
        # With the numbers where a repository has immutable subject claims:
        # docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*(@\d+/[A-Za-z0-9._-]+@\d+|/[A-Za-z0-9._-]+)$",
        description="`owner/name`, or `owner@id/name@id` where GitHub puts the numbers into the "
        "token's subject.",
    )
    preview_environment: str = Field(
        pattern=r"^[A-Za-z0-9._-]+$",
        description="GitHub environment whose jobs may preview this stack.",
    )
    deploy_environment: str = Field(
        pattern=r"^[A-Za-z0-9._-]+$",
        description="GitHub environment whose jobs may deploy this stack.",
    )
    oidc_provider: str = Field(
        pattern=r"^(create|arn:aws[a-z-]*:iam::\d{12}:oidc-provider/"
        r"token\.actions\.githubusercontent\.com)$",
        description="ARN of the account's provider for GitHub, of which an account has one only; "
        "`create` in the one stack that makes it.",
    )
    state_bucket: str = Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", description="Bucket of Pulumi's state."
    )
    state_key_arn: Arn = Field(description="KMS key of the bucket and of the state's secrets.")

    @model_validator(mode="after")
    def _preview_is_not_deploy(self) -> Self:
        if self.preview_environment == self.deploy_environment:
            raise ValueError(
                f"previewEnvironment and deployEnvironment are both {self.deploy_environment!r}: "
                "every preview could deploy; give each its own"
            )
        return self


class IdentitySettings(Section):
    github: GitHubSettings | None = Field(
        default=None, description="Roles for GitHub's workflows; unset: none."
    )
