"""Every provider at once, for tests: a proxy that answers for all hosts of the internet.

A program whose ``HTTPS_PROXY`` it is believes to talk to the real hosts, with TLS. So a rendered
configuration is tried as it is, and what was asked of whom, with which credentials, is kept.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from upstream_answers import Answer, answer

from sandbox.certificates import authority, issue
from sandbox.paths import Instance


@dataclass(frozen=True)
class Request:
    """What a provider was asked."""

    host: str
    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@dataclass
class Upstream:
    """A running proxy and the requests that came through it."""

    url: str
    ca: Path
    requests: list[Request] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Variables that send a program's requests here and let it trust the answers."""
        return {
            "HTTPS_PROXY": self.url,
            "HTTP_PROXY": self.url,
            "NO_PROXY": "127.0.0.1,localhost",
            "AWS_CA_BUNDLE": str(self.ca),
            "REQUESTS_CA_BUNDLE": str(self.ca),
            "SSL_CERT_FILE": str(self.ca),
        }

    def last(self, host: str) -> Request:
        """Return the last request to a host; fails with the hosts that were asked."""
        found = [request for request in self.requests if request.host == host]
        assert found, f"nobody asked {host}, only {sorted({one.host for one in self.requests})}"
        return found[-1]


@contextmanager
def running(instance: Instance) -> Iterator[Upstream]:
    """Serve on a free port of this machine, with certificates of an instance's authority."""

    # Two connections to a new host would write the certificate of one and the key of the other.
    issuing = threading.Lock()

    class Handler(_Handler):
        host = ""

        def do_CONNECT(self) -> None:
            host = self.path.partition(":")[0]
            self.send_response(200)
            self.end_headers()
            with issuing:
                files = issue(instance, host, [host])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files.certificate, files.key)
            connection = context.wrap_socket(self.connection, server_side=True)
            self.connection = connection
            self.rfile, self.wfile = connection.makefile("rb"), connection.makefile("wb")
            self.host, self.close_connection = host, False

        def keep(self, request: Request) -> None:
            upstream.requests.append(request)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_port}"
    upstream = Upstream(url, authority(instance).certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    host: str

    def keep(self, request: Request) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        address = urlsplit(self.path)
        path = f"{address.path}?{address.query}" if address.query else address.path
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.host or address.netloc, path, headers, self._body().decode())
        self.keep(request)
        given: Answer = answer(request.host, request.path, request.text)
        self.send_response(given.status)
        self.send_header("Content-Type", given.kind)
        self.send_header("Content-Length", str(len(given.content)))
        self.end_headers()
        self.wfile.write(given.content)
        self.wfile.flush()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = b""
            while size := int(self.rfile.readline(), 16):
                chunks += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return chunks
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def log_message(self, format: str, *args: Any) -> None:
        pass
