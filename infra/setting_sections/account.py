"""Where in AWS a stack lives and how hard it is to lose."""

from enum import StrEnum

from pydantic import Field

from infra.setting_sections.base import Section


class AwsSettings(Section):
    region: str = Field(
        default="us-east-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="Region of the stack.",
    )
    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="One URL that answers for every AWS service; unset on AWS itself.",
    )
    tags: dict[str, str] = Field(
        default_factory=dict, description="Tags for every resource, beside the stack's own."
    )
    bucket_suffix: str = Field(
        default="",
        pattern=r"^[a-z0-9]{0,8}$",
        description="Stands in the names of all buckets, for a stack that comes up again after "
        "`destroy`: the buckets of its earlier life are kept.",
    )


class Durability(StrEnum):
    DISPOSABLE = "disposable"
    PROTECTED = "protected"
