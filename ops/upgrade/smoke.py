"""Asks a proxy on a copy of the database what its users and administrators would ask.

Runs in a pod beside the proxy, with the Python of its image and nothing else:
``python -c SCRIPT RESULT SECONDS MODEL``. It waits up to SECONDS for the proxy to be ready, writes
one JSON document to RESULT and ends with 0 if every answer was right. No secret is in it.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

_PAGE, _SECONDS = 100, 60


class Questions:
    """The questions, and what was wrong with each answer."""

    def __init__(self) -> None:
        self.admin_key = os.environ.get("LITELLM_MASTER_KEY", "")
        self.key = os.environ.get("SMOKE_KEY", "")
        self.checks: list[dict[str, object]] = []

    def check(self, name: str, problem: str) -> bool:
        for secret in filter(None, (self.admin_key, self.key)):
            problem = problem.replace(secret, "[secret]")
        self.checks.append({"name": name, "passed": not problem, "detail": problem[:200]})
        return not problem

    def ready(self, seconds: int) -> bool:
        deadline = time.monotonic() + seconds
        status, text = 0, "no answer"
        while time.monotonic() < deadline:
            status, _, text = _ask("/health/readiness", "")
            if status == 200 and json.loads(text).get("db") == "connected":
                return self.check("the proxy is ready with its database", "")
            time.sleep(0.5)
        problem = f"not within {seconds} s: {status} {text}"
        return self.check("the proxy is ready with its database", problem)

    def completion(self, model: str) -> str:
        """Ask with the virtual key, and return the version that answered."""
        if not model:
            status, headers, text = _ask("/v1/models", self.key)
            self.check("a virtual key of before lists models", _said(status, text))
            return headers.get("x-litellm-version", "")
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5}
        status, headers, text = _ask("/v1/chat/completions", self.key, body)
        self.check(f"a virtual key of before gets a completion of {model}", _said(status, text))
        return headers.get("x-litellm-version", "")

    def accounts(self) -> dict[str, float] | None:
        """Return teams and keys as the proxy reads them, summed up."""
        name = "budgets and spend are read"
        status, _, text = _ask("/team/list", self.admin_key)
        if not (status == 200 or self.check(name, _said(status, text))):
            return None
        teams, keys, page, pages = json.loads(text), [], 1, 1
        while page <= pages:
            asked = {"return_full_object": "true", "page": page, "size": _PAGE}
            status, _, text = _ask(f"/key/list?{urllib.parse.urlencode(asked)}", self.admin_key)
            if not (status == 200 or self.check(name, _said(status, text))):
                return None
            answer = json.loads(text)
            keys += answer["keys"]
            page, pages = page + 1, answer["total_pages"]
        self.check(name, "")
        return {
            "teams": len(teams),
            "keys": len(keys),
            "budget": sum(one.get("max_budget") or 0 for one in teams + keys),
            "spend": sum(one.get("spend") or 0 for one in teams + keys),
        }

    def credential(self, name: str, value: str) -> None:
        status, _, text = _ask(f"/credentials/{name}/jwks", self.admin_key)
        self.check("a stored credential decrypts", "" if value in text else f"answered {status}")


def _ask(path: str, key: str, body: object = None) -> tuple[int, Any, str]:
    """Return status, headers and text of an answer; status 0 without one."""
    request = urllib.request.Request(
        f"http://{os.environ['POD_IP']}:{os.environ.get('SMOKE_PORT', '4000')}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode(errors="replace")
    except OSError as error:
        return 0, {}, str(error)


def _said(status: int, text: str) -> str:
    return "" if status == 200 else f"answered {status}: {text}"


def main(result: str, seconds: str, model: str) -> int:
    questions = Questions()
    document: dict[str, object] = {"checks": questions.checks}
    if questions.ready(int(seconds)):
        # Before the completion, which is paid for on the copy too.
        document["accounts"] = questions.accounts()
        if questions.key:
            document["version"] = questions.completion(model)
        if credential := os.environ.get("SMOKE_CREDENTIAL"):
            questions.credential(credential, os.environ["SMOKE_VALUE"])
    text = json.dumps(document)
    print(text)
    Path(result).write_text(text)
    return 0 if all(one["passed"] for one in questions.checks) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
