"""Where the chart of a release comes from on this machine.

Chart repositories are never asked, so that a sandbox is the same with and without a way out. For
a chart from a repository there is a substitute under ``sandbox/substitutes/charts``, or the release
is kept in Pulumi's state only.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.paths import PROJECT_ROOT
from sandbox.providers.base import ProviderError

SUBSTITUTES = PROJECT_ROOT / "sandbox" / "substitutes" / "charts"
# A provider plugin runs in the program's folder, which is `main` of Pulumi.yaml.
_PROGRAM = PROJECT_ROOT / "infra"


@dataclass(frozen=True)
class Chart:
    """A chart by name; ``path`` is None when it is nowhere on this machine."""

    name: str
    path: Path | None
    substituted: bool = False

    @property
    def checksum(self) -> str:
        """A hash of everything in the chart, so that an edited template is a change."""
        if self.path is None:
            return ""
        digest = hashlib.sha256()
        files = [self.path] if self.path.is_file() else sorted(self.path.rglob("*"))
        for file in files:
            if file.is_file():
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(self.path.parent)}\0{content}\0".encode())
        return digest.hexdigest()


def locate(inputs: Mapping[str, Any]) -> Chart:
    """Return the chart that a release's inputs ask for.

    Raises :class:`ProviderError` when it is neither here nor in a repository, or when the
    substitute is of another version.
    """
    wanted = str(inputs["chart"])
    if not wanted.startswith("oci://") and not (inputs.get("repositoryOpts") or {}).get("repo"):
        return _local(wanted)
    name = wanted.rstrip("/").rpartition("/")[2]
    path = SUBSTITUTES / name
    if not path.is_dir():
        return Chart(name, None)
    _require_version(path, inputs.get("version"))
    return Chart(name, path, substituted=True)


def _local(wanted: str) -> Chart:
    candidates = [Path(wanted)] if Path(wanted).is_absolute() else []
    candidates += [base / wanted for base in (_PROGRAM, PROJECT_ROOT)]
    for path in candidates:
        if path.exists():
            return Chart(path.resolve().name, path.resolve())
    raise ProviderError(
        f"the chart {wanted!r} is no folder here, and repositoryOpts.repo names no repository"
    )


def _require_version(path: Path, version: str | None) -> None:
    chart = yaml.safe_load((path / "Chart.yaml").read_text())
    if version is not None and version.removeprefix("v") != chart["version"]:
        raise ProviderError(
            f"the chart {path.name} {version} is not here, its substitute stands for "
            f"{chart['version']}; ask for that version, or bring {path.relative_to(PROJECT_ROOT)} "
            "up to the other"
        )
