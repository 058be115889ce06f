"""A stack on AWS as a deployment: the checkout's files, Pulumi's own CLI, the caller's credentials.

What runs is the same program through the same engine as in a sandbox; only its backend, its
providers and the way into the cluster are AWS's.
"""

import os
import runpy
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from pulumi import automation
from ruamel.yaml import YAML

from infra.naming import Naming
from infra.settings import Settings
from ops.config.rendered import settings_of
from ops.config.stack_file import read_stack_file
from ops.deployments.database_copies import DatabaseCopies
from ops.deployments.deployment import Changes, DeploymentError
from ops.deployments.eks_token import RenewedToken, signed_token
from ops.deployments.image_pins import pinned_image
from ops.images.signature import SignatureError
from ops.state.stack_state import StackState
from sandbox.kube_api import KubeApi
from sandbox.outcome import Outcome
from sandbox.paths import PROJECT_ROOT
from sandbox.stack_files import PROJECT, override
from sandbox.stack_operations import Report, StackOperations, engine_errors

# The official CLI starts the pack by itself; the sandbox's engine needs a program that does.
_POLICIES = PROJECT_ROOT / "policy"


class CloudDeployment:
    """A stack of this checkout, in the backend and the account that the caller is logged in to."""

    def __init__(self, stack: str, directory: Path = PROJECT_ROOT) -> None:
        self.stack = stack
        self._directory = directory

    @property
    def _file(self) -> Path:
        return self._directory / f"Pulumi.{self.stack}.yaml"

    def settings(self, changes: Changes | None = None) -> Settings:
        with tempfile.TemporaryDirectory(prefix="settings-") as directory:
            self._propose(changes or {}, Path(directory))
            return settings_of(self.stack, read_stack_file(self.stack, Path(directory)))

    def keep(self, changes: Changes) -> None:
        with tempfile.TemporaryDirectory(prefix="settings-") as directory:
            shutil.copyfile(self._propose(changes, Path(directory)), self._file)

    def supply(self, path: str, value: str) -> None:
        command = ["pulumi", "config", "--stack", self.stack]
        options: dict[str, Any] = {"cwd": self._directory, "capture_output": True, "text": True}
        place = ["--path", f"{PROJECT}:{path}"]
        self._need_cli()
        # From standard input, so that it is never an argument.
        done = subprocess.run(
            [*command, "set", "--secret", *place], input=value, check=False, **options
        )
        if done.returncode:
            raise DeploymentError(f"could not set {path}: {done.stderr.strip()}")

    @property
    def notes(self) -> Path:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(base) / PROJECT / self.stack

    def preview(self, changes: Changes, report: Report, *, policies: bool = False) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="settings-") as directory:
            return self._operations.preview(
                report,
                policy_pack=_POLICIES if policies else None,
                config_file=self._propose(changes, Path(directory)),
            )

    def preview_events(self) -> str:
        return self._operations.preview_text("events", _POLICIES)

    def up(self, report: Report) -> Outcome:
        return self._operations.up(report)

    def destroy(self, report: Report) -> Outcome:
        return self._operations.destroy(report)

    def drift(self, report: Report, exclude: Sequence[str] = ()) -> Outcome:
        return self._operations.drift(report, exclude)

    def outputs(self) -> Mapping[str, object]:
        return self._operations.outputs()

    def state(self) -> StackState:
        self._need_cli()
        return StackState(
            pulumi="pulumi", directory=self._directory, environment={}, stack=self.stack
        )

    def aws(self, service: str, region: str | None = None) -> Any:
        session: Any = boto3.Session(region_name=region or self.settings().aws.region)
        return session.client(service)

    def kubernetes(self) -> KubeApi:
        # Not from the outputs, which a stack has only when its first `up` has ended.
        name = Naming.of(self.stack, self.settings()).prefix
        cluster = self.aws("eks").describe_cluster(name=name)["cluster"]
        authority = cluster["certificateAuthority"]["data"]
        return KubeApi.from_configuration(
            {
                "current-context": name,
                "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
                "clusters": [
                    {
                        "name": name,
                        "cluster": {
                            "server": cluster["endpoint"],
                            "certificate-authority-data": authority,
                        },
                    }
                ],
                "users": [{"name": name, "user": {}}],
            },
            auth=RenewedToken(lambda: signed_token(name, self.aws("sts"))),
        )

    def prometheus_url(self, namespace: str) -> str:
        # The Service that the operator makes for every Prometheus, whatever its release is called:
        # governingServiceName in pkg/prometheus of github.com/prometheus-operator.
        return f"http://prometheus-operated.{namespace}.svc:9090"

    def database_copies(self) -> DatabaseCopies:
        return DatabaseCopies(self.aws("rds"))

    def obtain_image(self, version: str, digest: str | None, report: Report) -> Changes:
        try:
            return pinned_image(self.settings(), version, digest, report)
        except SignatureError as error:
            raise DeploymentError(str(error)) from error

    def _propose(self, changes: Changes, directory: Path) -> Path:
        """Write the stack's file with changes, its comments kept, and return where."""
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = 4096  # a line stays the line it was
        with self._file.open(encoding="utf-8") as source:
            document = yaml.load(source)
        for key, text in changes.items():
            override(document["config"], key, text)
        proposed = directory / self._file.name
        with proposed.open("w", encoding="utf-8") as target:
            yaml.dump(document, target)
        return proposed

    @cached_property
    def _operations(self) -> StackOperations:
        self._need_cli()
        with engine_errors():
            stack = automation.select_stack(
                self.stack,
                PROJECT,
                program=_run_program,
                opts=automation.LocalWorkspaceOptions(work_dir=str(self._directory)),
            )
        return StackOperations(stack)

    def _need_cli(self) -> None:
        if not shutil.which("pulumi"):
            raise DeploymentError(
                f"stack {self.stack!r} needs Pulumi's CLI on the PATH, logged in to its backend"
            )


def _run_program() -> None:
    runpy.run_path(str(PROJECT_ROOT / "infra" / "__main__.py"), run_name="__main__")
