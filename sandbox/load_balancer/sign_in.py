"""Sign-in with an OpenID Connect issuer, as an Application Load Balancer does it.

docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
"""

import base64
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from aiohttp import web
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sandbox.load_balancer.rules import Answer, Authenticate, Incoming

CALLBACK = "/oauth2/idpresponse"
HEADERS = "x-amzn-oidc-"
_NONCE_COOKIE = "AWSALBAuthNonce"
# AuthenticateOidcActionConfig in elasticloadbalancing's API reference.
_SESSION_COOKIE, _SESSION_SECONDS, _SCOPE = "AWSELBAuthSessionCookie", 604800, "openid"
# How long somebody may take to sign in: "client login timeout" of the page above.
_LOGIN_SECONDS = 15 * 60
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_SIGNER = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/sandbox/0"


class IssuerError(Exception):
    """The issuer did not answer as it should; the text says what it answered."""


class SignIn:
    """Sends browsers to the issuer, knows those who come back, and tells targets who they are.

    Sessions live in cookies that only this process can read.
    """

    def __init__(self, authorities: Path) -> None:
        context = ssl.create_default_context()
        context.load_verify_locations(authorities)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context), cookie_jar=aiohttp.DummyCookieJar()
        )
        self._cipher = Fernet(Fernet.generate_key())
        self._signing_key = ec.generate_private_key(ec.SECP256R1())

    async def close(self) -> None:
        """Close the connections to issuers."""
        await self._session.close()

    def headers(self, action: Authenticate, request: web.BaseRequest) -> dict[str, str] | None:
        """Return what a target is told of who signed in; None for somebody who has not."""
        session = self._opened(request.cookies.get(f"{_session_cookie(action)}-0"))
        if session is None or session["client"] != _client(action):
            return None
        return {
            f"{HEADERS}accesstoken": session["access_token"],
            f"{HEADERS}identity": session["claims"]["sub"],
            f"{HEADERS}data": self._signed(action, session["claims"]),
        }

    def to_issuer(self, action: Authenticate, incoming: Incoming, authority: str) -> web.Response:
        """Answer somebody who has not signed in: as the action says, by default with a redirect."""
        configuration = action.configuration
        if configuration.get("OnUnauthenticatedRequest") == "deny":
            return web.Response(status=401, text="401 Authorization Required\n")
        target = incoming.path + (f"?{incoming.query}" if incoming.query else "")
        nonce = secrets.token_urlsafe(32)
        state = {"client": _client(action), "target": target, "nonce": nonce}
        asked = {
            **configuration.get("AuthenticationRequestExtraParams", {}),
            "client_id": configuration["ClientId"],
            "redirect_uri": f"https://{authority}{CALLBACK}",
            "response_type": "code",
            "scope": configuration.get("Scope", _SCOPE),
            "state": self._sealed(state, _LOGIN_SECONDS),
        }
        location = f"{configuration['AuthorizationEndpoint']}?{urlencode(asked)}"
        response = web.Response(status=302, headers={"Location": location})
        _set_cookie(response, _NONCE_COOKIE, nonce, _LOGIN_SECONDS)
        return response

    def wants(self, actions: list[Authenticate], request: web.BaseRequest) -> Authenticate | None:
        """Return the action for which a browser comes back from the issuer, if it does."""
        if request.path != CALLBACK:
            return None
        state = self._opened(request.query.get("state"))
        if state is None or request.cookies.get(_NONCE_COOKIE) != state["nonce"]:
            return None
        return next((one for one in actions if _client(one) == state["client"]), None)

    async def returned(
        self, action: Authenticate, request: web.BaseRequest, authority: str
    ) -> web.Response | Answer:
        """Open the session of a browser that comes back, and send it where it wanted to go."""
        state = self._opened(request.query.get("state")) or {}
        if "code" not in request.query:
            return Answer(401, f"the issuer says {request.query.get('error', 'no code')}\n")
        try:
            session = await self._exchanged(action, request.query["code"], authority)
        except (IssuerError, aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(500, f"signing in failed: {error}\n")
        seconds = int(action.configuration.get("SessionTimeout") or _SESSION_SECONDS)
        response = web.Response(
            status=302, headers={"Location": f"https://{authority}{state['target']}"}
        )
        name = f"{_session_cookie(action)}-0"
        _set_cookie(response, name, self._sealed(session, seconds), seconds)
        return response

    async def _exchanged(self, action: Authenticate, code: str, authority: str) -> dict[str, Any]:
        configuration = action.configuration
        client = f"{quote(configuration['ClientId'])}:{quote(configuration['ClientSecret'])}"
        tokens = await self._asked(
            "POST",
            configuration["TokenEndpoint"],
            # client_secret_basic, OpenID Connect's default, which every issuer knows.
            headers={"Authorization": f"Basic {base64.b64encode(client.encode()).decode()}"},
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": f"https://{authority}{CALLBACK}",
            },
        )
        issuer = _claims(tokens["id_token"]).get("iss", "")
        if issuer.rstrip("/") != configuration["Issuer"].rstrip("/"):
            raise IssuerError(f"the issuer calls itself {issuer}, not {configuration['Issuer']}")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        claims = await self._asked("GET", configuration["UserInfoEndpoint"], headers=bearer)
        access_token = tokens["access_token"]
        return {"client": _client(action), "claims": claims, "access_token": access_token}

    async def _asked(self, method: str, url: str, **request: Any) -> dict[str, Any]:
        async with self._session.request(method, url, timeout=_TIMEOUT, **request) as response:
            if response.status != 200:
                raise IssuerError(f"{url} answered {response.status}")
            answer: dict[str, Any] = await response.json()
            return answer

    def _sealed(self, content: Mapping[str, Any], seconds: int) -> str:
        lasting = {**content, "until": time.time() + seconds}
        return self._cipher.encrypt(json.dumps(lasting).encode()).decode()

    def _opened(self, text: str | None) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads(self._cipher.decrypt((text or "").encode()))
        except (InvalidToken, ValueError):
            return None
        return content if content["until"] > time.time() else None

    def _signed(self, action: Authenticate, claims: Mapping[str, Any]) -> str:
        configuration = action.configuration
        header = {
            "typ": "JWT",
            "alg": "ES256",
            "kid": "sandbox",
            "iss": configuration["Issuer"],
            "client": configuration["ClientId"],
            "signer": _SIGNER,
            "exp": int(time.time()) + 120,
        }
        text = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
        signature = self._signing_key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        numbers = (number.to_bytes(32, "big") for number in decode_dss_signature(signature))
        return f"{text}.{_base64(b''.join(numbers))}"


def _client(action: Authenticate) -> str:
    return f"{action.configuration['Issuer']} {action.configuration['ClientId']}"


def _session_cookie(action: Authenticate) -> str:
    return str(action.configuration.get("SessionCookieName") or _SESSION_COOKIE)


def _set_cookie(response: web.Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="None"
    )


def _base64(content: bytes) -> str:
    # With its padding, unlike other tokens: the page above, "user claims encoding".
    return base64.urlsafe_b64encode(content).decode()


def _claims(token: str) -> dict[str, Any]:
    """Return what a token claims; it came from the issuer itself, over TLS."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * 4))
    return claims
