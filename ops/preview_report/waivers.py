"""Waivers of policies that a change adds or widens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ops.preview_report.dangers import Danger, Kind

_FILE = Path("policy", "waivers.yaml")


def added_waivers(before: Path, after: Path) -> Iterator[Danger]:
    """Yield each waiver that one checkout has and the other has not in the same words."""
    known = _read(before)
    for waiver in _read(after):
        if waiver not in known:
            what = f"row {waiver.get('row')}, check {waiver.get('check')}"
            yield Danger(
                kind=Kind.POLICY,
                resource=str(waiver.get("resource")),
                urn="",
                text=f"{what} would be waived: {waiver.get('reason')}",
            )


def _read(directory: Path) -> list[dict[str, Any]]:
    file = directory / _FILE
    found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []
    return [entry for entry in found or [] if isinstance(entry, dict)]
