"""What bootstrap found, did and leaves to the reader. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from infra.setting_sections import GitHubSettings
from ops.bootstrap.target import Target

_AFTER = "known once it is made"


@dataclass(frozen=True)
class Finding:
    """A part, and what it lacks: nothing where all is as it must be."""

    title: str
    missing: list[str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What there is now, or would be, and what the stack's file and its owner need of it."""

    target: Target
    done: bool
    findings: Sequence[Finding]
    key_arn: str | None
    provider_arn: str | None
    github: GitHubSettings | None
    repository: str | None

    @property
    def changes(self) -> int:
        return sum(len(finding.missing) for finding in self.findings)

    @property
    def configuration(self) -> dict[str, Any]:
        """The lines for the stack's file: GitHub's roles, where there is a repository."""
        if self.repository is None:
            return {}
        given = self.github
        return {
            "litellm-gateway:identity": {
                "github": {
                    "repository": self.repository,
                    "previewEnvironment": given.preview_environment
                    if given
                    else f"{self.target.stack}-preview",
                    "deployEnvironment": given.deploy_environment if given else self.target.stack,
                    "oidcProvider": self.provider_arn,
                    "stateBucket": self.target.bucket(self.target.region),
                    "stateKeyArn": self.key_arn or _AFTER,
                }
            }
        }

    @property
    def commands(self) -> list[str]:
        return [self.target.login, self.target.stack_init]

    def as_document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "stack": self.target.stack,
            "account": self.target.account,
            "done": self.done,
            "changes": self.changes,
            "parts": [{"part": one.title, "missing": one.missing} for one in self.findings],
            "configuration": self.configuration,
            "commands": self.commands,
        }

    def as_lines(self) -> list[str]:
        """Return what people read."""
        lines = plan_lines(self.findings)
        if self.configuration:
            text = yaml.safe_dump({"config": self.configuration}, sort_keys=False)
            lines += ["", f"In Pulumi.{self.target.stack}.yaml:", ""]
            lines += [f"    {line}" for line in text.splitlines()]
        return [*lines, "", "Then, once:", "", *(f"    {one}" for one in self.commands)]


def plan_lines(findings: Sequence[Finding]) -> list[str]:
    """Return a line for what is there, and several for what is missing."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.title}: {'' if finding.missing else 'there'}".rstrip())
        lines += [f"    {what}" for what in finding.missing]
    return lines
