"""Which version of a tool will do, and which one an executable is."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KUBERNETES_VERSION = "v1.35.4"
"""Of the API server and what goes with it; go_tools/kubernetes and go_tools/kubectl name it too."""
HELM_VERSION = "v3.18.0"
"""go_tools/helm names it too."""
PULUMI_VERSION = "v3.259.0"
"""Of the engine, of the series of the SDK in pyproject.toml; go_tools/pulumi names it too."""

_TIMEOUT = 20.0


@dataclass(frozen=True)
class Version:
    """Asks an executable for its version and says whether that one will do."""

    arguments: tuple[str, ...]
    accepted: Callable[[tuple[int, ...]], bool]
    wanted: str

    def of(self, executable: Path) -> str | None:
        """Return the version of an executable; None when it has none or does not run."""
        environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            done = subprocess.run(
                [executable, *self.arguments],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_TIMEOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        match = re.search(r"\d+\.\d+(\.\d+)?", done.stdout or done.stderr)
        return match[0] if match else None

    def suits(self, executable: Path) -> bool:
        version = self.of(executable)
        return version is not None and self.accepted(tuple(map(int, version.split("."))))


def minor(version: str) -> tuple[int, int]:
    """Return the two numbers that a version begins with."""
    first, second, *_ = version.removeprefix("v").split(".")
    return int(first), int(second)


def series(*wanted: int, arguments: tuple[str, ...] = ("--version",)) -> Version:
    """Accept every version that begins with these numbers."""
    text = ".".join(map(str, wanted))
    return Version(arguments, lambda found: found[: len(wanted)] == wanted, f"{text}.x")


def at_least(*wanted: int, arguments: tuple[str, ...] = ("--version",)) -> Version:
    """Accept this version and every later one."""
    text = ".".join(map(str, wanted))
    return Version(arguments, lambda found: found >= wanted, f"{text} or later")
