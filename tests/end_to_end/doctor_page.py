"""A sandbox under the doctor, with the commands of its page."""

from dataclasses import dataclass

from runbook_shell import RunbookShell
from runbooks import Command, Ran, steps
from running_sandbox import RunningSandbox

from ops.deployments.sandboxed import SandboxDeployment

PAGE = "doctor"
TOP = "What the doctor finds"


@dataclass(frozen=True)
class Patient:
    """The sandbox, and a shell for the page."""

    sandbox: RunningSandbox
    shell: RunbookShell

    @property
    def deployment(self) -> SandboxDeployment:
        return SandboxDeployment(self.sandbox.instance)

    @property
    def ran(self) -> Ran:
        return self.shell.ran

    def do(self, section: str, containing: str = "", **variables: str) -> list[str]:
        """Run the commands of a section that have a text in them; return what each printed."""
        chosen: list[Command] = [one for one in steps(PAGE, section) if containing in one.text]
        assert chosen, f"no command of {section} has {containing!r} in it"
        return self.shell.run(chosen, **variables)
