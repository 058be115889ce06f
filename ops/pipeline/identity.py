"""Which role a workflow's job takes, and where the state is: all from the stack's own file. Pure.

The workflows hold no account numbers, and a job that takes another role than the one that its
environment is trusted with gets no credentials.
"""

from dataclasses import dataclass
from typing import Literal

from infra.deployment_scope import DEPLOY_ROLE, PREVIEW_ROLE
from infra.naming import Naming
from infra.settings import Settings

Purpose = Literal["preview", "deploy"]
_ROLES: dict[Purpose, str] = {"preview": PREVIEW_ROLE, "deploy": DEPLOY_ROLE}


class PipelineError(Exception):
    """A workflow's step cannot be done; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A role, the region to take it in, the environment that it trusts, and the state's backend."""

    role: str
    region: str
    environment: str
    backend: str

    def as_lines(self) -> str:
        """Return the outputs of a step, as ``GITHUB_OUTPUT`` takes them."""
        return f"role={self.role}\nregion={self.region}\nbackend={self.backend}\n"


def workflow_identity(stack: str, settings: Settings, purpose: Purpose) -> Identity:
    """Return the identity of a job; raise PipelineError where the settings do not say it."""
    github = settings.identity.github
    if github is None:
        raise PipelineError(
            f"stack {stack!r} has no identity.github, so no workflow may touch it; run `ops "
            f"bootstrap --stack {stack}`, which prints what to set"
        )
    if not github.oidc_provider.startswith("arn:"):
        raise PipelineError(
            "identity.github.oidcProvider: "
            f"{github.oidc_provider!r} does not name the account; give the provider's ARN, which "
            f"`ops bootstrap --stack {stack}` prints"
        )
    partition, _, _, account = github.oidc_provider.split(":")[1:5]
    role = Naming.of(stack, settings).named(_ROLES[purpose])
    return Identity(
        role=f"arn:{partition}:iam::{account}:role/{role}",
        region=settings.aws.region,
        environment=(
            github.deploy_environment if purpose == "deploy" else github.preview_environment
        ),
        backend=backend(github.state_bucket, github.state_key_arn),
    )


def backend(bucket: str, key_arn: str) -> str:
    """Return the address of the state's backend; bucket and key are in one region."""
    return f"s3://{bucket}?region={key_arn.split(':')[3]}"
