"""A sandbox on this machine as a deployment."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml

from infra.settings import Settings
from ops.config.rendered import settings_of
from ops.config.stack_file import read_stack_file
from ops.deployments.deployment import Changes, DeploymentError
from sandbox import lifecycle
from sandbox.kube_api import KubeApi
from sandbox.outcome import Outcome
from sandbox.paths import Instance
from sandbox.stack_files import SANDBOX_STACK, keep_settings, override
from sandbox.stack_operations import Report
from sandbox.supervisor_client import SupervisorClient


class SandboxDeployment:
    """The stack that runs in one sandbox; its kept settings stand in for commits to a file."""

    stack = SANDBOX_STACK

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def settings(self, changes: Changes | None = None) -> Settings:
        file = lifecycle.project_directory(self.instance) / f"Pulumi.{SANDBOX_STACK}.yaml"
        if not file.exists():
            raise DeploymentError(self._not_up())
        document = yaml.safe_load(file.read_text())
        for key, text in (changes or {}).items():
            override(document["config"], key, text)
        with tempfile.TemporaryDirectory(prefix="settings-") as directory:
            (Path(directory) / file.name).write_text(yaml.safe_dump(document))
            return settings_of(SANDBOX_STACK, read_stack_file(SANDBOX_STACK, Path(directory)))

    def keep(self, changes: Changes) -> None:
        keep_settings(lifecycle.project_directory(self.instance), changes)

    def preview(self, changes: Changes, report: Report) -> Outcome:
        return lifecycle.preview(self.instance, changes, report)

    def up(self, report: Report) -> Outcome:
        return lifecycle.up(self.instance, {}, report)

    def drift(self, report: Report) -> Outcome:
        return lifecycle.drift(self.instance, report)

    def outputs(self) -> Mapping[str, object]:
        return lifecycle.running_engine(self.instance).outputs()

    def aws(self, service: str, region: str | None = None) -> Any:
        session: Any = boto3.Session(
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106 - moto takes any
            region_name=region or self.settings().aws.region,
        )
        return session.client(service, endpoint_url=self.instance.aws_endpoint)

    def kubernetes(self) -> KubeApi:
        if not SupervisorClient(self.instance).running():
            raise DeploymentError(self._not_up())
        return KubeApi(self.instance)

    def _not_up(self) -> str:
        return f"sandbox {self.instance.name!r} is not up; run `uv run sandbox up`"
