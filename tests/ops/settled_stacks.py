"""Previews of changes by the real engine, against stacks that are up in Pulumi's state only."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from ops.preview_report.dangers import Danger, Documents
from ops.preview_report.preview import Preview
from ops.preview_report.reading import read_preview
from ops.preview_report.redaction import Redactor
from ops.preview_report.report import find_dangers
from sandbox.engine import POLICY_PACK, Engine
from sandbox.settled_stack import SettledStack
from sandbox.stack_operations import Form

# Of a checkout, what no program reads.
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "tests", "docs", "__pycache__", "node_modules")

# Planted where a person would put real ones.
SUPPLIED_KEY = "sk-ant-api03-planted-0123456789abcdefghijkl"
SECRET_OUTPUT = "planted-value-of-a-secret-output"
CLEAR_OUTPUT = "ghp_plantedvalueofaclearoutput0123456789"
PLANTED = (SUPPLIED_KEY, SECRET_OUTPUT, CLEAR_OUTPUT)

HAIKU = {"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}
DIRECT = {"model": "claude-haiku-4-5-20251001"}
MODELS = [
    {"name": "haiku", "tier": "$", "provider": "bedrock", "deployments": [HAIKU]},
    {"name": "direct", "tier": "$", "provider": "anthropic", "deployments": [DIRECT]},
]
SMALL: dict[str, Any] = {
    "adminUi.enabled": True,
    "database.generation": 2,
    "database.retiredGenerations": [1],
    "disasterRecovery": {"region": "us-west-2"},
    "models": MODELS,
    "suppliedSecrets": {"anthropic": {"1": {"apiKey": SUPPLIED_KEY}}},
}

Change = Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]


@contextmanager
def program(run: Callable[[Engine], None]) -> Iterator[None]:
    """Let engines run something else than the delivered program, as a change of its code would."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_run_program", run)
        yield


def with_outputs(run: Callable[[Engine], None]) -> Callable[[Engine], None]:
    def changed(engine: Engine) -> None:
        run(engine)
        pulumi.export("planted", pulumi.Output.secret(SECRET_OUTPUT))
        pulumi.export("clear", CLEAR_OUTPUT)

    return changed


def with_change(change: Change) -> Callable[[Engine], None]:
    delivered = Engine._run_program

    def changed(engine: Engine) -> None:
        pulumi.runtime.register_resource_transform(change)
        delivered(engine)

    return changed


def altered(type_: str, name: str, **properties: Any) -> Callable[[Engine], None]:
    """A change of the code which gives one resource other properties."""

    def change(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if (args.type_, args.name) != (type_, name):
            return None
        return pulumi.ResourceTransformResult(props={**args.props, **properties}, opts=args.opts)

    return with_change(change)


def with_more(add: Callable[[], None]) -> Callable[[Engine], None]:
    """The delivered program, and resources that a change adds to it."""
    delivered = Engine._run_program

    def changed(engine: Engine) -> None:
        delivered(engine)
        add()

    return changed


def nothing(_: Engine) -> None:
    """A program without resources."""


@dataclass
class Settled:
    """A stack that is up, with settings of its own, and previews of it by name."""

    stack: str
    settings: Mapping[str, Any]
    directory: Path
    _texts: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _settled(self) -> SettledStack:
        stack = SettledStack(self.stack, self.directory)
        with program(with_outputs(Engine._run_program)):
            stack.up(lambda _: None, _overrides(self.settings))
        return stack

    def text(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        run: Callable[[Engine], None] | None = None,
        form: Form = "events",
        policies: bool = False,
    ) -> str:
        """What the engine prints of a preview with other settings or another program; kept."""
        key = repr((settings, run, form, policies))
        if key not in self._texts:
            settled = self._settled
            with program(with_outputs(run or Engine._run_program)):
                self._texts[key] = settled.preview_text(
                    form,
                    _overrides({**self.settings, **(settings or {})}),
                    POLICY_PACK if policies else None,
                )
        return self._texts[key]

    def preview(self, *arguments: Any, **named: Any) -> Preview:
        return read_preview(self.text(*arguments, **named), Redactor().hide)


def _overrides(settings: Mapping[str, Any]) -> dict[str, str]:
    return {key: yaml.safe_dump(value) for key, value in settings.items()}


def dangers(preview: Preview, documents: Documents | None = None) -> tuple[Danger, ...]:
    return find_dangers(preview, documents)


def told(preview: Preview, documents: Documents | None = None) -> set[tuple[str, str]]:
    """The kinds and resources of what is dangerous."""
    return {(one.kind.name, one.resource) for one in find_dangers(preview, documents)}
