"""Passes requests on to targets, as they come and as the answers come."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from sandbox.load_balancer.configuration import Listener
from sandbox.load_balancer.rules import Answer, Authenticate, Incoming
from sandbox.load_balancer.sign_in import HEADERS as IDENTITY
from sandbox.load_balancer.sign_in import SignIn
from sandbox.load_balancer.targets import Target, Targets

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
_CONNECT_TIMEOUT = 10
_ERRORS = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
_SERVER = "awselb/2.0"
# RFC 9110, section 7.6.1, and what older clients and servers send.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OWN = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


def target_session() -> aiohttp.ClientSession:
    """Return a session for requests to targets.

    A connection serves one request: one that is kept could be closed by the target, whose
    keep-alive may be shorter, just when the next request is sent on it.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True, ssl=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        # A target's header may be as long as a client's.
        max_line_size=65536,
        max_field_size=65536,
    )


class Proxy:
    """Answers the requests of one listener."""

    def __init__(
        self, session: aiohttp.ClientSession, groups: Mapping[str, Targets], sign_in: SignIn
    ) -> None:
        self._session = session
        self._groups = groups
        self._sign_in = sign_in

    async def answer(self, listener: Listener, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request by the first rule of the listener that it meets."""
        incoming = _incoming(listener, request)
        authority = request.headers.get("Host", request.host)
        coming_back = self._sign_in.wants(_authentications(listener, incoming), request)
        if coming_back:
            result = await self._sign_in.returned(coming_back, request, authority)
            return _own_answer(result) if isinstance(result, Answer) else result
        action = next(r for r in listener.rules if r.matches(incoming)).action(incoming)
        user: Mapping[str, str] = {}
        if isinstance(action, Authenticate):
            if listener.protocol != "HTTPS":
                return _own_answer(Answer(501, "people sign in at HTTPS listeners only\n"))
            known = self._sign_in.headers(action, request)
            if known is None and action.configuration.get("OnUnauthenticatedRequest") != "allow":
                return self._sign_in.to_issuer(action, incoming, authority)
            user, action = known or {}, action.then
        if isinstance(action, Answer):
            return _own_answer(action)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return _own_answer(Answer(501, "the sandbox's load balancer has no WebSockets\n"))
        arns, weights = list(action.weights), list(action.weights.values())
        arn = random.choices(arns, weights)[0] if any(weights) else arns[0]  # noqa: S311
        targets = self._groups.get(arn)
        if targets is None:
            return _error(503)
        if targets.group.problem:
            text = f"the sandbox's load balancer does not support {targets.group.problem}\n"
            return _own_answer(Answer(501, text))
        headers = _request_headers(listener, request, user)
        return await self._forward(targets, listener, request, headers)

    async def _forward(
        self,
        targets: Targets,
        listener: Listener,
        request: web.BaseRequest,
        headers: CIMultiDict[str],
    ) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        response: web.StreamResponse | None = None
        tried: list[Target] = []
        failure = 503
        while target := targets.choose(tried):
            tried.append(target)
            target.requests.add(task)
            try:
                async with self._send(target, targets, listener, request, headers) as upstream:
                    response = _begun(upstream)
                    await response.prepare(request)
                    async for chunk in upstream.content.iter_any():
                        await response.write(chunk)
                    await response.write_eof()
                    return response
            # Nothing has reached this target: another may have the request.
            except aiohttp.ConnectionTimeoutError:
                failure = 504
            except aiohttp.ClientConnectorError:
                failure = 502
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if response is not None and response.prepared:
                    # The client must see that the answer is not whole.
                    if request.transport is not None:
                        request.transport.abort()
                    return response
                return _error(504 if isinstance(error, TimeoutError) else 502)
            finally:
                targets.release(target, task)
        return _error(failure)

    def _send(
        self,
        target: Target,
        targets: Targets,
        listener: Listener,
        request: web.BaseRequest,
        headers: CIMultiDict[str],
    ) -> "aiohttp.client._RequestContextManager":
        host, port = target.endpoint
        url = URL(
            f"{targets.group.protocol.lower()}://{host}:{port}{request.raw_path}", encoded=True
        )
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_TIMEOUT, sock_read=listener.idle_timeout
        )
        return self._session.request(
            request.method,
            url,
            headers=headers,
            data=_body(request) if request.body_exists else None,
            allow_redirects=False,
            skip_auto_headers=_OWN,
            timeout=timeout,
        )


async def _body(request: web.BaseRequest) -> AsyncIterator[bytes]:
    if request.headers.get("Expect", "").lower() == "100-continue":
        # The client waits for this before it sends anything.
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    async for chunk in request.content.iter_any():
        yield chunk


def _incoming(listener: Listener, request: web.BaseRequest) -> Incoming:
    path, _, query = request.raw_path.partition("?")
    return Incoming(
        method=request.method,
        host=request.host.rsplit(":", 1)[0] if "]" not in request.host else request.host,
        path=path,
        query=query,
        source=request.remote or "127.0.0.1",
        protocol=listener.protocol.lower(),
        port=listener.port,
        headers={name.lower(): value for name, value in request.headers.items()},
    )


def _tokens(header: str) -> set[str]:
    return {token.strip().lower() for token in header.split(",")}


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    dropped = _HOP_BY_HOP | _tokens(headers.get("Connection", ""))
    return CIMultiDict((n, v) for n, v in headers.items() if n.lower() not in dropped)


def _authentications(listener: Listener, incoming: Incoming) -> list[Authenticate]:
    actions = (rule.action(incoming) for rule in listener.rules if rule.authentication)
    return [action for action in actions if isinstance(action, Authenticate)]


def _request_headers(
    listener: Listener, request: web.BaseRequest, user: Mapping[str, str]
) -> CIMultiDict[str]:
    headers = _end_to_end(request.headers)
    # Who somebody is, only the load balancer says.
    for name in {name for name in headers if name.lower().startswith(IDENTITY)}:
        del headers[name]
    headers.extend(user)
    before = headers.get("X-Forwarded-For")
    client = request.remote or ""
    headers["X-Forwarded-For"] = f"{before}, {client}" if before else client
    headers["X-Forwarded-Proto"] = listener.protocol.lower()
    headers["X-Forwarded-Port"] = str(listener.port)
    headers["Connection"] = "close"
    identity = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
    trace = headers.get("X-Amzn-Trace-Id")
    headers["X-Amzn-Trace-Id"] = f"Self={identity};{trace}" if trace else f"Root={identity}"
    return headers


def _begun(upstream: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=upstream.status, reason=upstream.reason)
    response.headers.extend(_end_to_end(upstream.headers))
    return response


def _own_answer(answer: Answer) -> web.Response:
    headers = {"Server": _SERVER}
    if answer.location:
        headers["Location"] = answer.location
    return web.Response(
        status=answer.status, text=answer.body, content_type=answer.content_type, headers=headers
    )


def _error(status: int) -> web.Response:
    text = f"{status} {_ERRORS[status]}"
    page = (
        f"<html>\r\n<head><title>{text}</title></head>\r\n"
        f"<body>\r\n<center><h1>{text}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
    return _own_answer(Answer(status, page, "text/html"))
