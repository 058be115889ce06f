"""A real OpenID Connect issuer with a form in which people sign in, for tests."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import oidc_provider_mock
from playwright.sync_api import Page
from werkzeug.serving import make_server

from sandbox.certificates import authority, issue
from sandbox.paths import Instance

PORT = 9443


@dataclass(frozen=True)
class Issuer:
    """The issuer, as its administrator and a browser see it."""

    url: str
    authorities: str
    """Path of the certificate of the authority that its own comes from."""

    @property
    def settings(self) -> dict[str, str]:
        """What ``signIn.issuer`` says of it."""
        return {
            "url": self.url,
            "authorizationEndpoint": f"{self.url}/oauth2/authorize",
            "tokenEndpoint": f"{self.url}/oauth2/token",
            "userInfoEndpoint": f"{self.url}/userinfo",
        }

    def client(self, redirects_to: str) -> tuple[str, str]:
        """Register a client and return its id and its secret."""
        answer = self._api.post("/oauth2/clients", json={"redirect_uris": [redirects_to]})
        answer.raise_for_status()
        return answer.json()["client_id"], answer.json()["client_secret"]

    def person(self, username: str, **claims: Any) -> None:
        """Let the issuer know a person."""
        known = {"preferred_username": username, "email": f"{username}@example.com", **claims}
        self._api.put(f"/users/{username}", json=known).raise_for_status()

    def sign_in(self, page: Page, name: str) -> None:
        """Fill in the form to which a browser is on its way."""
        # Not by its address: a page that leads on before it is loaded ends such a wait.
        field = page.get_by_placeholder("sub")
        field.wait_for()
        assert page.url.startswith(f"{self.url}/oauth2/authorize")
        field.fill(name)
        page.get_by_role("button", name="Authorize").click()

    @property
    def _api(self) -> httpx.Client:
        context = ssl.create_default_context(cafile=self.authorities)
        return httpx.Client(base_url=self.url, verify=context)


@contextlib.contextmanager
def running_issuer(instance: Instance, address: str) -> Iterator[Issuer]:
    """Serve an issuer over TLS, with a certificate of a sandbox's authority, until the end."""
    files = issue(instance, "issuer", [address])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    app = oidc_provider_mock.app(require_client_registration=True)
    server = make_server(address, PORT, app, threaded=True, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Issuer(f"https://{address}:{PORT}", str(authority(instance).certificate))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
