"""A stack that is up in Pulumi's state and nowhere else, to preview changes of it.

    python -m sandbox.settled_stack --stack prod --directory /tmp/prod

brings it up there within a minute, with no account. :meth:`SettledStack.preview_text` then tells
what another checkout, or other settings, would change.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox import toolchain
from sandbox.engine import Engine, EngineSettings
from sandbox.lifecycle import by_tool
from sandbox.outcome import Outcome
from sandbox.providers.server import serve
from sandbox.providers.state_only import state_only_providers
from sandbox.stack_files import OverrideError
from sandbox.stack_operations import EngineError, Form
from sandbox.toolchain import ToolchainError

Report = Callable[[str], None]

# Nothing real is made, so nothing is lost when the state is only written at the end; writing it
# after each resource takes most of the time (sdk/go/common/env/env.go of Pulumi 3.259).
_VARIABLES = {"PULUMI_SKIP_CHECKPOINTS": "true"}


class SettledStack:
    """One stack in a directory of its own; each operation runs this checkout's program."""

    def __init__(self, stack: str, directory: Path) -> None:
        self._stack, self._directory = stack, directory

    def up(self, report: Report, overrides: Mapping[str, str] | None = None) -> Outcome:
        """Bring the stack up to its file's settings, or to these in their place."""
        pulumi = toolchain.ensure(["pulumi"], by_tool(report))["pulumi"]
        with serve(None, others=state_only_providers()) as providers:
            return self._engine(pulumi, providers.debug_providers, overrides).up(report)

    def preview_text(
        self,
        form: Form,
        overrides: Mapping[str, str] | None = None,
        policy_pack: Path | None = None,
    ) -> str:
        """Return what the engine prints of a preview; see :meth:`StackOperations.preview_text`."""
        pulumi = toolchain.ensure(["pulumi"])["pulumi"]
        with serve(None, others=state_only_providers()) as providers:
            engine = self._engine(pulumi, providers.debug_providers, overrides)
            return engine.preview_text(form, policy_pack)

    def _engine(
        self, pulumi: Path, debug_providers: str, overrides: Mapping[str, str] | None
    ) -> Engine:
        return Engine(
            EngineSettings(
                pulumi=pulumi,
                directory=self._directory,
                debug_providers=debug_providers,
                stack=self._stack,
                overrides=overrides or {},
                variables=_VARIABLES,
            )
        )


def main() -> None:
    """Bring a stack up from the command line."""
    parser = argparse.ArgumentParser(description="Bring a stack up in Pulumi's state only.")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--directory", required=True, type=Path)
    arguments = parser.parse_args()
    try:
        SettledStack(arguments.stack, arguments.directory).up(lambda _: None)
    except (EngineError, OverrideError, ToolchainError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
