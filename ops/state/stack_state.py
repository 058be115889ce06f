"""A stack's state in its backend, read and written by the engine's own commands."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.engine_marks import SECRET, SIGNATURE

Document = dict[str, Any]


class StateError(Exception):
    """A state cannot be read, or must not be written; the message says what to do."""


class UnknownStackError(StateError):
    """The backend has no such stack."""


@dataclass(frozen=True, kw_only=True)
class StackState:
    """The state of one stack. Secrets in it stay encrypted: nothing here can show one."""

    pulumi: str
    directory: Path
    environment: Mapping[str, str]
    stack: str

    def export(self) -> Document:
        """Return the state; raise UnknownStackError, or StateError with the engine's words."""
        done = self._run("stack", "export")
        if done.returncode:
            said = _said(done)
            if "no stack named" in said:
                raise UnknownStackError(f"the backend has no stack {self.stack!r}: {said}")
            raise StateError(
                f"the state cannot be read: {said}. Put the object's version before this one back, "
                "or delete the object and run `ops state restore`: docs/runbooks/state.md"
            )
        return json.loads(done.stdout)

    def create(self, secrets_provider: str) -> None:
        """Make the stack in the backend, with no resources."""
        self._must(
            "stack", "init", self.stack, "--no-select", "--secrets-provider", secrets_provider,
            named=False,
        )  # fmt: skip

    def put(self, document: Document) -> None:
        """Replace the state; the engine refuses one that belongs to another stack."""
        self._must("stack", "import", text=json.dumps(document))

    def repair(self) -> str:
        """Have the engine repair what it can, and return what it said of it."""
        return self._must("state", "repair", "--yes").stdout.strip()

    def _must(
        self, *arguments: str, text: str = "", named: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = self._run(*arguments, text=text, named=named)
        if done.returncode:
            raise StateError(_said(done))
        return done

    def _run(
        self, *arguments: str, text: str = "", named: bool = True
    ) -> subprocess.CompletedProcess[str]:
        stack = ["--stack", self.stack] if named else []
        return subprocess.run(
            [self.pulumi, *arguments, *stack, "--non-interactive", "--color", "never"],
            cwd=self.directory,
            env={**os.environ, **self.environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Return what the engine gives as the reason, without its pages of advice."""
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[0].removeprefix("error: ") if lines else f"exit code {done.returncode}"


def resources(document: Document) -> list[Document]:
    return (document.get("deployment") or {}).get("resources") or []


def pending_operations(document: Document) -> list[Document]:
    return (document.get("deployment") or {}).get("pending_operations") or []


def secrets_provider(document: Document) -> tuple[str, str]:
    """Return the kind of secrets provider and, for a key management service, its URL."""
    given = (document.get("deployment") or {}).get("secrets_providers") or {}
    return given.get("type", ""), (given.get("state") or {}).get("url", "")


def plain_secrets(document: Document) -> list[str]:
    """Return the URNs of resources with a secret that is not encrypted."""
    return [
        str(resource.get("urn"))
        for resource in resources(document)
        if any(_plain(resource.get(part)) for part in ("inputs", "outputs"))
    ]


def _plain(value: Any) -> bool:
    return any("plaintext" in secret for secret in _secrets(value))


def _secrets(value: Any) -> Iterator[Document]:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            yield value
        else:
            for item in value.values():
                yield from _secrets(item)
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item)
