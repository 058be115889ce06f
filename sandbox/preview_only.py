"""Previews any stack through the real engine with no account, no cluster and no running sandbox."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox import toolchain
from sandbox.engine import Engine, EngineSettings
from sandbox.lifecycle import by_tool
from sandbox.outcome import Outcome
from sandbox.planned_resources import Plan, read_plan
from sandbox.providers.server import serve


def preview_stack(
    stack: str,
    overrides: Mapping[str, str],
    report: Callable[[str], None],
    policy_pack: Path | None = None,
) -> Outcome:
    """Return what a first ``pulumi up`` of ``stack`` would create, and what policies say of it."""
    with _engine(stack, overrides, report) as (engine, _):
        return engine.preview(report, policy_pack=policy_pack)


def plan_stack(stack: str, overrides: Mapping[str, str], report: Callable[[str], None]) -> Plan:
    """Return what a first ``pulumi up`` of ``stack`` would send, with inputs and dependencies."""
    with _engine(stack, overrides, report) as (engine, directory):
        file = directory / "plan.json"
        engine.preview(report, file)
        return read_plan(file)


@contextmanager
def _engine(
    stack: str, overrides: Mapping[str, str], report: Callable[[str], None]
) -> Iterator[tuple[Engine, Path]]:
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
        yield engine, Path(directory)
