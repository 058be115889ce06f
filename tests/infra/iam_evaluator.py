"""Asks an evaluator of IAM policies what AWS would answer.

It is ``@cloud-copilot/iam-simulate``, which follows AWS's evaluation logic: explicit denies,
condition operators, wildcards, permissions boundaries, resource policies, and what is special in
key policies and trust documents. It knows every action, its kinds of resource and its condition
keys, and refuses a question that AWS could not be asked. moto has no policy simulation.

It is under the AGPL, so it runs as a process of its own in tests, and no part of it is shipped.
"""

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from recorded_program import ACCOUNT

from sandbox import tool_cache

_FILES = Path(__file__).parent / "iam_simulation"
_NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a principal asks for, and the policies that bear on it."""

    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict)
    principal: str = f"arn:aws:iam::{ACCOUNT}:role/asker"
    account: str = ACCOUNT
    """Account of the resource."""
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    resource_policy: Document | None = None

    def simulation(self) -> dict[str, Any]:
        policies = [
            {"name": f"policy-{number}", "policy": policy}
            for number, policy in enumerate(self.identity)
        ]
        asked: dict[str, Any] = {
            "request": {
                "principal": self.principal,
                "action": self.action,
                "resource": {"resource": self.resource, "accountId": self.account},
                "contextVariables": self.context,
            },
            "identityPolicies": policies,
        }
        if self.boundary is not None:
            asked["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": self.boundary}]
        if self.resource_policy is not None:
            asked["resourcePolicy"] = self.resource_policy
        return asked


class NoSuchRequest(Exception):
    """AWS knows no such action, or the action does not go with the resource."""


def results(requests: list[Request]) -> list[str]:
    """Return "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied" for each request.

    Raises NoSuchRequest when one of them could not be asked.
    """
    answers = possible_results(requests)
    for request, answer in zip(requests, answers, strict=True):
        if answer is None:
            raise NoSuchRequest(f"{request.action} on {request.resource}")
    return [answer for answer in answers if answer is not None]


def possible_results(requests: list[Request]) -> list[str | None]:
    """Return the results, None for a request that AWS could not be asked."""
    asked = {"simulations": [request.simulation() for request in requests]}
    return [None if isinstance(answer, dict) else answer for answer in _ask(asked)["simulations"]]


def actions(names: list[str]) -> dict[str, dict[str, bool] | None]:
    """Return what AWS's service authorization reference says of actions, None of unknown ones."""
    return dict(zip(names, _ask({"actions": names})["actions"], strict=True))


def _ask(question: dict[str, Any]) -> dict[str, list[Any]]:
    done = subprocess.run(
        ["node", "evaluate.mjs"],
        cwd=_installed(),
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def _installed() -> Path:
    """The evaluator in the sandbox's cache, installed there once for each lock file."""
    digest = hashlib.sha256()
    for file in sorted(_FILES.iterdir()):
        digest.update(file.read_bytes())
    name = f"iam-simulate-{digest.hexdigest()[:12]}"
    folder = tool_cache.tools_directory() / name
    with tool_cache.locked(name, lambda *_: None):
        if not folder.exists():
            with tool_cache.workspace(name) as work:
                shutil.copytree(_FILES, work, dirs_exist_ok=True)
                tool_cache.run(["npm", "ci", *_NPM_OPTIONS], directory=work)
                work.rename(folder)
    return folder
