"""Previews any stack through the real engine with no account, no cluster and no running sandbox."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox import toolchain
from sandbox.engine import Engine, EngineSettings
from sandbox.lifecycle import by_tool
from sandbox.outcome import Outcome
from sandbox.providers.server import serve


def preview_stack(
    stack: str,
    overrides: Mapping[str, str],
    report: Callable[[str], None],
    policy_pack: Path | None = None,
) -> Outcome:
    """Return what a first ``pulumi up`` of ``stack`` would create, and what policies say of it."""
    pulumi = toolchain.ensure(["pulumi"], by_tool(report))["pulumi"]
    with tempfile.TemporaryDirectory(prefix="preview-") as directory, serve(None) as providers:
        engine = Engine(
            EngineSettings(
                pulumi=pulumi,
                directory=Path(directory),
                debug_providers=providers.debug_providers,
                stack=stack,
                overrides=overrides,
            )
        )
        return engine.preview(report, policy_pack)
