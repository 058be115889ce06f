"""Physical names and tags. Logical names of resources never hold the stack's name; these do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from infra.setting_sections import Durability

if TYPE_CHECKING:
    from infra.settings import Settings

PROJECT_ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "litellm"
EXTERNAL_SECRETS_NAMESPACE = "external-secrets"
SERVICE_ACCOUNT = "litellm-gateway"
PRIORITY_CLASS = "litellm-gateway"
RELEASE = "gateway"
# Labels of the pods with which `ops doctor` asks the data stores.
DOCTOR = {"app.kubernetes.io/name": "doctor"}
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET_LIMIT = 63
_LONGEST_BUCKET, _LONGEST_REGION = "log-copies", "ap-southeast-1"


@dataclass(frozen=True, kw_only=True)
class Naming:
    """Names and tags of one stack.

    ``prefix`` is ``litellm-<stack>``, at most 24 characters, so that every name built from it stays
    below the shortest limit in use: 32 characters for load balancers and target groups.
    """

    stack: str
    durability: Durability = Durability.PROTECTED
    extra_tags: dict[str, str] = field(default_factory=dict)
    bucket_suffix: str = ""

    def __post_init__(self) -> None:
        if len(self.prefix) > 24:
            raise ValueError(
                f"stack name {self.stack!r} is too long: {len(self.prefix) - 24} characters too "
                "many for the names of load balancers"
            )
        longest = len(self.bucket(_LONGEST_BUCKET, "0" * 12, _LONGEST_REGION))
        if longest > _BUCKET_LIMIT:
            raise ValueError(
                f"aws.bucketSuffix {self.bucket_suffix!r} is too long for stack {self.stack!r}: "
                f"{longest - _BUCKET_LIMIT} characters too many for the names of buckets"
            )

    @classmethod
    def of(cls, stack: str, settings: Settings) -> Naming:
        """Return the names and tags of a stack with these settings."""
        return cls(
            stack=stack,
            durability=settings.durability,
            extra_tags=settings.aws.tags,
            bucket_suffix=settings.aws.bucket_suffix,
        )

    @property
    def prefix(self) -> str:
        return f"litellm-{self.stack}"

    @property
    def database(self) -> str:
        """Name of the tables' database, such as ``litellm_dev``."""
        return self.prefix.replace("-", "_")

    def named(self, part: str) -> str:
        """Return the physical name of a part, such as ``litellm-dev-api``."""
        return f"{self.prefix}-{part}"

    def bucket(self, part: str, account_id: str, region: str) -> str:
        """Return a bucket's name: known in a preview, and unique, for all accounts share them."""
        suffix = f"-{self.bucket_suffix}" if self.bucket_suffix else ""
        return f"{self.named(part)}{suffix}-{account_id}-{region}"

    def secret_path(self, family: str) -> str:
        """Return the name of a family's entry in Secrets Manager, such as ``litellm/dev/cache``."""
        return f"litellm/{self.stack}/{family}"

    @property
    def tags(self) -> dict[str, str]:
        return {
            **self.extra_tags,
            "litellm:stack": self.stack,
            # Policies read it: only a disposable stack is spared what production must have.
            "litellm:durability": self.durability.value,
            "litellm:managed-by": "pulumi",
        }
