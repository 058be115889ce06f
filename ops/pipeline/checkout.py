"""Whether what would be deployed is what was reviewed."""

import subprocess
from pathlib import Path

from ops.pipeline.identity import PipelineError


def require_commit(directory: Path, commit: str) -> None:
    """Return if the checkout is this commit and nothing else; raise PipelineError otherwise."""
    head = _git(directory, "rev-parse", "HEAD").strip()
    if head != commit:
        raise PipelineError(
            f"the checkout is at {head}, not at the reviewed commit {commit}; check that one out"
        )
    if changed := _git(directory, "status", "--porcelain").strip():
        files = ", ".join(line.split(maxsplit=1)[1] for line in changed.splitlines())
        raise PipelineError(f"the checkout differs from commit {commit}: {files}")


def _git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(directory), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PipelineError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout
