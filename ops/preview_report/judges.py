"""What judges a change, where the change itself touches it."""

from collections.abc import Iterator
from pathlib import Path

from ops.preview_report.dangers import Danger, Kind

# What previews a change, holds it to the policies, tells of it and lets it pass.
_JUDGES = (
    ".github",
    "ops/deployments",
    "ops/pipeline",
    "ops/preview_comment",
    "ops/preview_report",
    "policy",
)
# Waivers are compared by what they say.
_COMPARED_ELSEWHERE = {Path("policy", "waivers.yaml")}
_SHOWN = 6


def changed_judges(before: Path, after: Path) -> Iterator[Danger]:
    """Yield each folder of a judge in which two checkouts have not the same files."""
    for folder in _JUDGES:
        old, new = _files(before, folder), _files(after, folder)
        paths = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
        if paths:
            shown = ", ".join(f"`{path}`" for path in paths[:_SHOWN])
            more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            text = f"{shown}{more} would change: read them, this report goes by those before"
            yield Danger(kind=Kind.JUDGES, resource=folder, urn="", text=text)


def _files(checkout: Path, folder: str) -> dict[Path, bytes]:
    return {
        path: file.read_bytes()
        for file in (checkout / folder).rglob("*")
        if file.is_file()
        and "__pycache__" not in file.parts
        and (path := file.relative_to(checkout)) not in _COMPARED_ELSEWHERE
    }
