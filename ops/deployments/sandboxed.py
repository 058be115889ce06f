"""A sandbox on this machine as a deployment."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
import yaml

from infra.settings import Settings
from ops.config.rendered import settings_of
from ops.config.stack_file import read_stack_file
from ops.deployments.database_copies import DatabaseCopies, SandboxDatabaseCopies
from ops.deployments.deployment import Changes, DeploymentError, quoted
from ops.state.stack_state import StackState
from sandbox import images, lifecycle, litellm_image, toolchain
from sandbox.certificates import ca_bundle
from sandbox.engine import POLICY_PACK, engine_environment
from sandbox.kube_api import KubeApi
from sandbox.outcome import Outcome
from sandbox.paths import Instance
from sandbox.providers.server import debug_providers, provider_ports
from sandbox.stack_files import PROJECT, keep_settings, stack_content, stack_name
from sandbox.stack_operations import Report
from sandbox.supervisor_client import SupervisorClient


class SandboxDeployment:
    """The stack that runs in one sandbox; its kept settings stand in for commits to a file."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @property
    def stack(self) -> str:
        return stack_name(lifecycle.project_directory(self.instance))

    def settings(self, changes: Changes | None = None) -> Settings:
        project = lifecycle.project_directory(self.instance)
        file = project / f"Pulumi.{self.stack}.yaml"
        if not file.exists():
            raise DeploymentError(self._not_up())
        # Not what the file has: that is of the last run, which may have been a preview.
        document = stack_content(
            project, self.stack, changes or {}, self.instance, ca_bundle(self.instance)
        )
        with tempfile.TemporaryDirectory(prefix="settings-") as directory:
            (Path(directory) / file.name).write_text(yaml.safe_dump(document))
            return settings_of(self.stack, read_stack_file(self.stack, Path(directory)))

    def keep(self, changes: Changes) -> None:
        keep_settings(lifecycle.project_directory(self.instance), changes)

    def supply(self, path: str, value: str) -> None:
        with lifecycle.exclusively(self.instance):
            engine = lifecycle.running_engine(self.instance)
            engine.supply_secret(f"{PROJECT}:{path}", value, overwrite=True)

    @property
    def notes(self) -> Path:
        return self.instance.state

    def preview(self, changes: Changes, report: Report, *, policies: bool = False) -> Outcome:
        pack = POLICY_PACK if policies else None
        return lifecycle.preview(self.instance, changes, report, pack)

    def preview_events(self) -> str:
        with lifecycle.exclusively(self.instance):
            engine = lifecycle.running_engine(self.instance)
            return engine.preview_text("events", POLICY_PACK)

    def up(self, report: Report) -> Outcome:
        return lifecycle.up(self.instance, {}, report)

    def destroy(self, report: Report) -> Outcome:
        return lifecycle.destroy(self.instance, report)

    def drift(self, report: Report, exclude: Sequence[str] = ()) -> Outcome:
        return lifecycle.drift(self.instance, report, exclude)

    def outputs(self) -> Mapping[str, object]:
        if not SupervisorClient(self.instance).running():
            raise DeploymentError(self._not_up())
        return lifecycle.outputs(self.instance)

    def state(self) -> StackState:
        directory = lifecycle.project_directory(self.instance)
        if not directory.exists():
            raise DeploymentError(self._not_up())
        return StackState(
            pulumi=str(toolchain.ensure(["pulumi"])["pulumi"]),
            directory=directory,
            environment=engine_environment(
                directory, debug_providers(provider_ports(self.instance))
            ),
            stack=self.stack,
        )

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

    def prometheus_url(self, namespace: str) -> str:
        return self.instance.prometheus_url

    def database_copies(self) -> DatabaseCopies:
        return SandboxDatabaseCopies(self.aws("rds"), self.instance)

    def obtain_image(self, version: str, digest: str | None, report: Report) -> Changes:
        """Build what stands for the image, of packages: there is no signature and no digest."""
        try:
            images.ensure_litellm(report, version)
        except litellm_image.ImageBuildError as error:
            raise DeploymentError(str(error)) from error
        pinned = {"gateway.image.digest": "null"} if self.settings().gateway.image.digest else {}
        return {"gateway.image.tag": quoted(version), **pinned}

    def _not_up(self) -> str:
        return f"sandbox {self.instance.name!r} is not up; run `uv run sandbox up`"
