"""The two checkouts that a report compares, each asked by its own code in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.console import NEEDS_ATTENTION
from sandbox.paths import PROJECT_ROOT

# Some ten seconds each on an idle machine; nobody waits longer for a comment than this.
_SECONDS = 900
# A reason is the last line of what was said, which may be long.
_LONGEST_REASON = 300


class CannotTell(Exception):
    """A checkout does not answer; the message is the reason in a line."""


class NoSuchCommit(Exception):
    """A commit that the repository does not have."""


@dataclass(frozen=True)
class Checkout:
    """A directory with the project as it was at some commit.

    It is asked with the packages that are installed in it, and without any with those of here.
    """

    directory: Path

    def cost(self, stack: str) -> Mapping[str, Any]:
        """Return what ``ops cost --json`` tells there; raise CannotTell."""
        return self._ask("ops.cli", "cost", "--stack", stack, "--json")

    def made(self, stack: str) -> Mapping[str, Any]:
        """Return what the program makes there, see :mod:`ops.preview_report.made`; raise
        CannotTell."""
        return self._ask("ops.preview_report.made", "--stack", stack)

    def settle(self, stack: str, directory: Path) -> None:
        """Bring the stack of there up in state only, in a directory; raise CannotTell."""
        self._run("sandbox.settled_stack", "--stack", stack, "--directory", str(directory))

    @property
    def _python(self) -> str:
        own = self.directory / ".venv" / "bin" / "python"
        return str(own) if own.exists() else sys.executable

    def _ask(self, module: str, *arguments: str) -> Mapping[str, Any]:
        printed = self._run(module, *arguments)
        try:
            answer: Mapping[str, Any] = json.loads(printed)
        except json.JSONDecodeError as error:
            raise CannotTell(f"{module} printed no JSON") from error
        return answer

    def _run(self, module: str, *arguments: str) -> str:
        try:
            done = subprocess.run(
                [self._python, "-m", module, *arguments],
                cwd=self.directory,
                # The installed project may be another checkout's.
                env={**os.environ, "PYTHONPATH": str(self.directory)},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CannotTell(f"{module} has not answered within {_SECONDS} s") from error
        except OSError as error:
            raise CannotTell(f"{module} could not be run: {error}") from error
        if done.returncode not in (0, NEEDS_ATTENTION):
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            raise CannotTell((lines or ["it said nothing"])[-1][:_LONGEST_REASON])
        return done.stdout


HEAD = Checkout(PROJECT_ROOT)


@contextmanager
def checked_out(reference: str) -> Iterator[Checkout]:
    """Give a checkout of a commit, in a directory that is gone afterwards; raise NoSuchCommit."""
    with tempfile.TemporaryDirectory(prefix="base-") as directory:
        base = Path(directory) / "checkout"
        done = _git("worktree", "add", "--detach", "--quiet", str(base), f"{reference}^{{commit}}")
        if done.returncode:
            raise NoSuchCommit(
                f"{reference!r} is no commit of this repository: {done.stderr.strip()}"
            )
        try:
            yield Checkout(base)
        finally:
            _git("worktree", "remove", "--force", str(base))


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
    )
