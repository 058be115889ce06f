"""Questions to a running proxy, asked as an administrator."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import click
import httpx

KEY_VARIABLE = "LITELLM_PROXY_API_KEY"
_SECONDS = 30

url_option = click.option(
    "--url",
    required=True,
    envvar="LITELLM_PROXY_URL",
    help="The proxy's admin host; or LITELLM_PROXY_URL.",
)


class ProxyError(Exception):
    """The proxy could not be asked, or did not answer as one does."""


def ask(url: str, path: str) -> Any:
    """Return a proxy's answer to ``GET path``; the admin key comes from the environment.

    Raises ProxyError if there is no key, no connection, or no answer in JSON.
    """
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        raise ProxyError(f"{KEY_VARIABLE} is not set; put an administrator's key there")
    if urlsplit(url).scheme not in ("http", "https"):
        raise ProxyError(f"{url!r} is no URL of a proxy; give one such as https://admin.example")
    try:
        answer = httpx.get(
            f"{url.rstrip('/')}{path}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=_SECONDS,
        )
    except httpx.HTTPError as error:
        raise ProxyError(f"{url} does not answer: {error}") from None
    if answer.status_code in (401, 403):
        raise ProxyError(f"{url} refuses the key in {KEY_VARIABLE}; {path} needs an admin's")
    if answer.status_code != 200:
        raise ProxyError(f"{url}{path} answered {answer.status_code}: {_reason(answer)}")
    try:
        return answer.json()
    except ValueError:
        raise ProxyError(f"{url}{path} did not answer with JSON; is it the proxy?") from None


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return answer.reason_phrase
    error = body.get("error", body.get("detail")) if isinstance(body, Mapping) else None
    return str(error.get("message") if isinstance(error, Mapping) else error or body)[:200]
