"""Comments of a pull request, through GitHub's REST API.

docs.github.com/en/rest/issues/comments: a pull request is an issue; lists come in pages of at most
100, each with the address of the next in its ``Link`` header.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

PUBLIC_API = "https://api.github.com"
# docs.github.com/en/rest/about-the-rest-api/api-versions
_VERSION = "2022-11-28"
_SECONDS = 30
_ATTEMPTS = 3
_PAGE = 100

Outcome = Literal["created", "updated", "unchanged"]


class GitHubError(Exception):
    """GitHub refused or could not be reached; the message never holds the token."""


@dataclass(frozen=True)
class Posted:
    """What became of a comment, and where it is."""

    outcome: Outcome
    address: str


class PullRequest:
    """One pull request, with the rights of a token; a context manager that ends the connection."""

    def __init__(self, api: str, repository: str, number: int, token: str) -> None:
        self._path = f"/repos/{repository}/issues/{number}/comments"
        self._comments = f"/repos/{repository}/issues/comments"
        self._client = httpx.Client(
            base_url=api,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {token}",
                "X-GitHub-Api-Version": _VERSION,
            },
            timeout=_SECONDS,
            transport=httpx.HTTPTransport(retries=_ATTEMPTS),
        )

    def __enter__(self) -> "PullRequest":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post(self, body: str, marker: str, author: str) -> Posted:
        """Update the author's comment that begins with the marker, or create it.

        A comment of somebody else with that marker is left alone: its author could change what it
        says afterwards. Raises :class:`GitHubError`.
        """
        for comment in self._all():
            own = (comment.get("user") or {}).get("login") == author
            text = str(comment.get("body") or "")
            if own and text.partition("\n")[0].strip() == marker:
                if text.strip().splitlines() == body.strip().splitlines():
                    return Posted("unchanged", comment["html_url"])
                changed = self._ask("PATCH", f"{self._comments}/{comment['id']}", {"body": body})
                return Posted("updated", changed.json()["html_url"])
        made = self._ask("POST", self._path, {"body": body})
        return Posted("created", made.json()["html_url"])

    def _all(self) -> Iterator[Mapping[str, Any]]:
        address: str | None = f"{self._path}?per_page={_PAGE}"
        while address:
            answer = self._ask("GET", address)
            yield from answer.json()
            address = answer.links.get("next", {}).get("url")

    def _ask(
        self, method: str, address: str, content: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            answer = self._client.request(method, address, json=content)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise GitHubError(f"{self._client.base_url} could not be reached: {reason}") from error
        if answer.is_error:
            raise GitHubError(_refusal(method, answer))
        return answer


def _refusal(method: str, answer: httpx.Response) -> str:
    try:
        said = str(answer.json().get("message"))
    except (ValueError, AttributeError):
        said = answer.reason_phrase
    told = f"GitHub refused {method} {answer.request.url.path}: {answer.status_code} {said}"
    if answer.status_code in (401, 403, 404):
        told += "; the token needs the permission `pull-requests: write` for this repository"
    return told
