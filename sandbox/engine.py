"""Runs the program through the real Pulumi engine, against attached provider stand-ins.

The program is run inline by the Automation API, since no registry carries Pulumi's language host;
an official CLI runs the same files with ``pulumi up`` (see :func:`official_cli_environment`).
"""

import importlib
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.stack_files import PROJECT, passphrase_file, write_project, write_stack
from sandbox.stack_operations import EngineError, StackOperations, engine_errors
from sandbox.stored_state import checkpoint_file
from sandbox.whole_file import write_file

# Parts of the SDK that the program uses; each is imported whole, on first use.
_SERVICES = (
    "cloudwatch",
    "ec2",
    "eks",
    "elasticache",
    "iam",
    "kms",
    "lb",
    "rds",
    "s3",
    "secretsmanager",
    "vpc",
)
# What a rotation creates. A value is in the state alone, the label of a version of a secret moves
# to the newer one, and objects of the cluster are applied under the same names.
_MADE_AGAIN = {
    "aws:secretsmanager/secretVersion:SecretVersion",
    "kubernetes:batch/v1:Job",
    "kubernetes:external-secrets.io/v1:ExternalSecret",
    "random:index/randomPassword:RandomPassword",
}
POLICY_PACK = PROJECT_ROOT / "policy" / "pack"


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """Where an engine works and whom it talks to."""

    pulumi: Path
    directory: Path
    debug_providers: str
    stack: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    instance: Instance | None = None
    certificate_authority: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


class Engine(StackOperations):
    """One stack of the project, on attached provider stand-ins, and the operations on it."""

    def __init__(self, settings: EngineSettings) -> None:
        # The SDKs take seconds to import; meanwhile the engine's own commands run.
        self._imports = threading.Thread(target=_import_program, daemon=True)
        self._imports.start()
        self._settings = settings
        write_project(settings.directory)
        self.stack_file = write_stack(
            settings.directory,
            settings.stack,
            settings.overrides,
            settings.instance,
            settings.certificate_authority,
        )
        self.environment = {
            **engine_environment(settings.directory, settings.debug_providers),
            **settings.variables,
        }
        super().__init__(self._select())

    def _select(self) -> automation.Stack:
        with engine_errors():
            return automation.create_or_select_stack(
                self._settings.stack,
                PROJECT,
                program=self._run_program,
                opts=automation.LocalWorkspaceOptions(
                    work_dir=str(self._settings.directory),
                    env_vars=self.environment,
                    pulumi_command=automation.PulumiCommand(root=str(_pulumi_root(self._settings))),
                ),
            )

    def _run_program(self) -> None:
        """Run the program as ``pulumi up`` would."""
        # The SDK's modules load on first use, which two threads must not do at once.
        self._imports.join()
        runpy.run_path(str(PROJECT_ROOT / "infra" / "__main__.py"), run_name="__main__")

    @property
    def adopts_supplied_values(self) -> bool:
        """Whether supplied values come from another stack's entries, not from configuration."""
        config = yaml.safe_load(self.stack_file.read_text())["config"]
        return config.get(f"{PROJECT}:secrets", {}).get("supplied") == "adopt"

    def supply_secret(self, path: str, value: str, *, overwrite: bool) -> None:
        """Encrypt a value into the stack's file; it is never an argument.

        One that is there already stays unless it is to be overwritten. The engine writes a file in
        place, so it gets a copy: one that is cut off by a kill would lose the stack's salt.
        """
        command = [str(self._settings.pulumi), "config", "--stack", self._settings.stack]
        options: dict[str, Any] = {
            "cwd": self._settings.directory,
            "env": {**os.environ, **self.environment},
            "capture_output": True,
            "text": True,
        }
        get = [*command, "get", "--path", path]
        if not overwrite and subprocess.run(get, check=False, **options).returncode == 0:
            return
        with tempfile.TemporaryDirectory(prefix="supply-", dir=self._settings.directory) as place:
            copy = Path(shutil.copy2(self.stack_file, place))
            written = ["set", "--secret", "--config-file", str(copy), "--path", path]
            done = subprocess.run([*command, *written], input=value, check=False, **options)
            if done.returncode:
                raise EngineError(f"could not set {path}: {done.stderr.strip()}")
            copy.replace(self.stack_file)

    def recover(self) -> bool:
        """Release the lock of a run that was killed; True if it left half-made resources.

        Those that an update may make again are forgotten: nobody will miss the first ones.
        """
        backend = self._settings.directory / "state" / ".pulumi"
        if any(file.is_file() for file in backend.glob("locks/**/*")):
            with engine_errors():
                self._stack.cancel()
        checkpoint = checkpoint_file(self._settings.directory, self._settings.stack)
        if not checkpoint.exists():
            return False
        state = json.loads(checkpoint.read_text())
        latest = state["checkpoint"].get("latest") or {}
        pending = latest.get("pending_operations") or []
        creating = [operation for operation in pending if operation["type"] == "creating"]
        if any(operation["resource"]["type"] not in _MADE_AGAIN for operation in creating):
            return True
        if creating:
            latest["pending_operations"] = [one for one in pending if one not in creating]
            write_file(checkpoint, json.dumps(state))
        return False


def _import_program() -> None:
    """Import what the program imports, without running it."""
    importlib.import_module("infra.workloads")
    for service in _SERVICES:
        importlib.import_module(f"pulumi_aws.{service}")


def engine_environment(directory: Path, debug_providers: str) -> dict[str, str]:
    """Return the variables that tie an engine to this directory's state and to the stand-ins."""
    state = directory / "state"
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        # Without metadata: gocloud.dev's fileblob truncates it in place before it writes it, and
        # a run that is killed in between leaves a stack that nobody can read ("EOF").
        "PULUMI_BACKEND_URL": f"file://{state}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file(directory)),
        "PULUMI_DEBUG_PROVIDERS": debug_providers,
        "PULUMI_HOME": str(directory / "home"),
        # A policy pack finds the interpreter that has its libraries.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Otherwise each run looks for newer plugins in the network, which takes seconds.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "1",
    }


def official_cli_environment(directory: Path, debug_providers: str, stack: str) -> dict[str, str]:
    """Return what makes ``pulumi preview|up -s sandbox`` in the checkout work on this sandbox."""
    variables = engine_environment(directory, debug_providers)
    del variables["PULUMI_HOME"], variables["PATH"]
    return {**variables, "PULUMI_OPTION_CONFIG_FILE": str(directory / f"Pulumi.{stack}.yaml")}


def _pulumi_root(settings: EngineSettings) -> Path:
    """The Automation API wants ``<root>/bin/pulumi``."""
    link = settings.directory / "engine" / "bin" / "pulumi"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.readlink() != settings.pulumi:
        link.unlink(missing_ok=True)
        link.symlink_to(settings.pulumi)
    return link.parent.parent
