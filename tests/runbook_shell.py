"""A shell in which a runbook's commands do to a sandbox what they would do to a stack on AWS.

What a machine has is taken: bash, curl, kubectl, psql. Four programs are stood in for:

- ``aws`` by ``aws_command.py``, which asks moto;
- ``uv run ops …`` by the same command, without uv, pointed at the sandbox;
- ``pulumi`` by the engine on the sandbox's directory, its operations by the ``sandbox`` command,
  which runs the program too: no registry has Pulumi's language host;
- ``kubectl logs`` by ``sandbox logs``, since the sandbox's nodes serve no logs, once the API server
  has said that the object is there.

Pages speak of stack ``prod``, or ``dev``; here it is the sandbox's.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runbooks import Command, Ran

from sandbox import toolchain
from sandbox.engine import engine_environment
from sandbox.lifecycle import project_directory
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.providers.server import debug_providers, provider_ports

_MARK = "@@ next command"

AWS_PROGRAM = '#!/bin/sh\nexec {python} {tests}/aws_command.py "$@"\n'
_UV = """#!/bin/sh
[ "$1 $2" = "run ops" ] || { echo "not here: uv $*" >&2; exit 64; }
shift 2
exec {python} -m ops.cli "$@"
"""
_PULUMI = """#!/bin/sh
for word; do [ "$word" = --preview-only ] && set -- drift; done
case "$1" in
up|refresh) exec {sandbox} "$1" ;;
drift) exec {sandbox} refresh --exit-code ;;
preview)
    {sandbox} preview > preview.txt && cat preview.txt
    ! grep -E 'create|delete|replace|update' preview.txt ;;
*) cd {directory} && exec {pulumi} "$@" ;;
esac
"""
_KUBECTL = """#!/bin/sh
case " $* " in
*" logs "*) {kubectl} -n "$2" get "$4" -o name && exec {sandbox} logs gateway --lines 100 ;;
*) exec {kubectl} "$@" ;;
esac
"""


def run_in_bash(
    commands: Sequence[Command],
    folder: Path,
    environment: Mapping[str, str],
    ran: Ran,
    typed: Sequence[str] = (),
    stack: str = "prod",
) -> list[str]:
    """Run commands in one bash, in their order; return what each printed, and note them as run.

    ``typed`` are lines for those that ask, ``stack`` is what is said in the place of ``prod``,
    and of ``dev`` as a stack. AssertionError tells of the first that fails.
    """
    texts = [re.sub(r"\bprod\b|(?<=--stack )dev\b", stack, command.text) for command in commands]
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            "".join(f"{one}\nprintf '{_MARK}\\n'\n" for one in texts),
        ],
        cwd=folder,
        env={**os.environ, **environment},
        input="".join(f"{line}\n" for line in typed),
        capture_output=True,
        text=True,
        check=False,
    )
    printed = done.stdout.split(f"{_MARK}\n")
    if done.returncode:
        failed = commands[min(len(printed), len(commands)) - 1]
        raise AssertionError(
            f"{failed.page}: `{failed.text}` ended with {done.returncode}:\n"
            f"{done.stderr[-3000:]}{printed[-1][-1000:]}"
        )
    for command in commands:
        ran.note(command)
    return printed[:-1]


def write_programs(folder: Path, **programs: str) -> Path:
    """Write programs into a folder for the PATH, and return it."""
    directory = folder / "bin"
    directory.mkdir(exist_ok=True)
    for name, text in programs.items():
        text = text.replace("{python}", shlex.quote(sys.executable))
        (directory / name).write_text(text.replace("{tests}", str(PROJECT_ROOT / "tests")))
        (directory / name).chmod(0o755)
    return directory


@dataclass
class RunbookShell:
    """Runs commands of pages one after another, in one bash, and notes them as run."""

    instance: Instance
    folder: Path
    """Where commands are run; what they write stays there."""
    ran: Ran
    variables: Mapping[str, str]

    def __post_init__(self) -> None:
        name, slot = self.instance.name, self.instance.slot
        known = {
            "{sandbox}": f"{sys.executable} -m sandbox.cli --name {name} --slot {slot}",
            "{directory}": str(project_directory(self.instance)),
            "{pulumi}": str(toolchain.ensure(["pulumi"])["pulumi"]),
            "{kubectl}": str(toolchain.ensure(["kubectl"])["kubectl"]),
        }
        texts = {"aws": AWS_PROGRAM, "uv": _UV, "pulumi": _PULUMI, "kubectl": _KUBECTL}
        for word, value in known.items():
            texts = {program: text.replace(word, value) for program, text in texts.items()}
        write_programs(self.folder, **texts)

    def run(
        self, commands: Sequence[Command], typed: Sequence[str] = (), **variables: str
    ) -> list[str]:
        """Run commands as :func:`run_in_bash` does, with more variables of the environment."""
        environment = {**self._environment(), **variables}
        return run_in_bash(commands, self.folder, environment, self.ran, typed, "sandbox")

    def _environment(self) -> dict[str, str]:
        directory = project_directory(self.instance)
        return {
            **engine_environment(directory, debug_providers(provider_ports(self.instance))),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT_ROOT),
            "KUBECONFIG": str(self.instance.kubeconfig),
            "AWS_ENDPOINT_URL": self.instance.aws_endpoint,
            "SANDBOX_NAME": self.instance.name,
            "SANDBOX_SLOT": str(self.instance.slot),
            **self.variables,
        }
