"""The one issue of a repository that tells of a stack's drift."""

import os
from collections.abc import Iterator
from typing import Any

import httpx

from ops.pipeline.drift import Drift
from ops.pipeline.identity import PipelineError

_SECONDS = 30
_PAGE = 100
_PAGES = 50


class Issues:
    """Issues of a repository by GitHub's REST API, with the token of the job."""

    def __init__(self, repository: str) -> None:
        token = os.environ.get("GITHUB_TOKEN")
        if not token:
            raise PipelineError("GITHUB_TOKEN is not set; it needs the permission issues: write")
        self._client = httpx.Client(
            base_url=os.environ.get("GITHUB_API_URL", "https://api.github.com"),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {token}",
                # docs.github.com/en/rest/about-the-rest-api/api-versions
                "X-GitHub-Api-Version": "2022-11-28",
            },
            timeout=_SECONDS,
        )
        self._path = f"/repos/{repository}/issues"

    def tell(self, drift: Drift) -> str:
        """Open the stack's issue, write it anew, or close it; return what was done."""
        present = next((one for one in self._open() if drift.marker in (one["body"] or "")), None)
        if not drift.changes:
            if present is None:
                return "no drift, and no issue of it"
            number = present["number"]
            self._send("POST", f"{self._path}/{number}/comments", body="No drift any more.")
            self._send("PATCH", f"{self._path}/{number}", state="closed")
            return f"closed issue {number}"
        text = {"title": drift.title, "body": drift.as_markdown()}
        if present is None:
            return f"opened issue {self._send('POST', self._path, **text)['number']}"
        if (present["body"] or "").strip() == text["body"].strip():
            return f"issue {present['number']} tells it already"
        self._send("PATCH", f"{self._path}/{present['number']}", **text)
        return f"wrote issue {present['number']} anew"

    def _open(self) -> Iterator[dict[str, Any]]:
        """Yield open issues of bots; a person's might carry the marker to mislead."""
        for page in range(1, _PAGES + 1):
            found = self._send("GET", f"{self._path}?state=open&per_page={_PAGE}&page={page}")
            for one in found:
                if "pull_request" not in one and one["user"]["type"] == "Bot":
                    yield one
            if len(found) < _PAGE:
                return

    def _send(self, method: str, path: str, **fields: str) -> Any:
        try:
            answer = self._client.request(method, path, json=fields or None)
        except httpx.HTTPError as error:
            raise PipelineError(f"GitHub did not answer: {error}") from error
        if answer.is_error:
            said = answer.json().get("message", "") if "json" in _kind(answer) else ""
            raise PipelineError(f"GitHub refused {method} {path}: {answer.status_code} {said}")
        return answer.json()


def _kind(answer: httpx.Response) -> str:
    return answer.headers.get("content-type", "")
