"""The stack that a role previews or deploys: its names, its tag, its state. Pure."""

from dataclasses import dataclass
from typing import Any

from infra.iam_policies import Document
from infra.naming import Naming
from infra.setting_sections import GitHubSettings

# Roles whose name begins so are changed by an administrator, never by the deployment itself.
ADMINISTERED = "github"
PREVIEW_ROLE = f"{ADMINISTERED}-preview"
DEPLOY_ROLE = f"{ADMINISTERED}-deploy"
BOUNDARY = "boundary"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The stack that a role previews or deploys, and where its state is."""

    partition: str
    account: str
    region: str
    project: str
    naming: Naming
    github: GitHubSettings
    adopted_stack: str | None = None
    """Stack whose secrets this one took over, if that is another one."""

    def arn(self, rest: str) -> str:
        filled = rest.format(
            account=self.account,
            prefix=self.naming.prefix,
            stack=self.naming.stack,
            database=self.naming.database,
        )
        return f"arn:{self.partition}:{filled}"

    def arns(self, *rests: str) -> list[str]:
        return [self.arn(rest) for rest in rests]

    @property
    def boundary(self) -> str:
        return self.arn(f"iam::{{account}}:policy/{{prefix}}-{BOUNDARY}")

    def state(self, *folders: str) -> list[str]:
        """Objects of this stack's state: pkg/backend/diy of Pulumi names them so."""
        bucket = f"s3:::{self.github.state_bucket}/.pulumi"
        return self.arns(
            f"{bucket}/meta.yaml",
            # Read before every operation; S3 tells only those who may that it is not there.
            f"{bucket}/stacks/{self.project}/{{stack}}.pulumi-tags",
            *(f"{bucket}/{folder}/{self.project}/{{stack}}.json*" for folder in folders),
            *(f"{bucket}/{folder}/{self.project}/{{stack}}/*" for folder in folders),
        )


def deny(actions: list[str], **more: Any) -> Document:
    """Return a statement that refuses actions, on everything unless more is said."""
    target = more if more else {"Resource": "*"}
    return {"Effect": "Deny", "Action": actions, **target}


def tagged_with(scope: Scope, key: str = "aws:ResourceTag") -> Document:
    """Return a condition: what is named, or asked for, carries the stack's tag."""
    return {"StringEquals": {f"{key}/litellm:stack": scope.naming.stack}}
