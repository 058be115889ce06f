"""``ops users``: how many users there are, and how many may sign in without a licence."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

import click

from infra.setting_warnings import FREE_SIGN_IN_USERS
from ops.console import NEEDS_ATTENTION, failing_clearly
from ops.running_proxy import ProxyError, ask, url_option


@dataclass(frozen=True, kw_only=True)
class Users:
    """How many users there are, as LiteLLM counts them for sign-in, and how many it lets in."""

    users: int
    limit: int | None
    """None: no limit."""

    @property
    def too_many(self) -> bool:
        return self.limit is not None and self.users > self.limit


def counted_users(listing: Any, license_type: Any) -> Users:
    """Return the count in the answers of /user/list and /health/license.

    Raises ProxyError if they are not the answers of LiteLLM.
    """
    try:
        users = int(listing["total"])
        if license_type["license_type"] == "enterprise":
            return Users(users=users, limit=license_type["limits"]["max_users"])
        return Users(users=users, limit=FREE_SIGN_IN_USERS)
    except (KeyError, TypeError, ValueError) as error:
        raise ProxyError(f"the proxy does not answer as LiteLLM does: {error!r}") from None


@click.command()
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a sentence.")
@failing_clearly(ProxyError)
def users(url: str, as_json: bool) -> None:
    """Count the users of a proxy, of whom five may sign in by OIDC without a licence.

    LiteLLM counts all users, whether they sign in or have a key only, and lets nobody sign in once
    there are more. The key of an administrator comes from LITELLM_PROXY_API_KEY.

    Ends with 3 when there are too many.
    """
    found = counted_users(ask(url, "/user/list?page_size=1"), ask(url, "/health/license"))
    if as_json:
        click.echo(json.dumps({**asdict(found), "tooMany": found.too_many}, indent=2))
    else:
        limit = "any number" if found.limit is None else found.limit
        click.echo(f"{found.users} users; {limit} may sign in.")
        if found.too_many:
            click.echo(
                "warning: LiteLLM refuses every sign-in by OIDC; remove users, sign in at the load "
                "balancer, or set license to enterprise",
                err=True,
            )
    if found.too_many:
        sys.exit(NEEDS_ATTENTION)
