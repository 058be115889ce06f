"""A server that stands in for Langfuse, LangSmith and an OpenTelemetry collector."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Collector:
    """What came in, in the order of its arrival, by path."""

    url: str = ""
    received: list[tuple[str, str]] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)

    def texts(self, path: str) -> str:
        """Return all bodies that came to a path; protobuf has its texts in clear too."""
        return "\n".join(body for to, body in self.received if to.startswith(path))


@contextmanager
def running(*, silent: bool = False) -> Iterator[Collector]:
    """Accept everything until the block ends; a silent one takes requests and never answers."""
    collector, over = Collector(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.received.append((self.path, body.decode(errors="replace")))
            collector.asked.set()
            if silent:
                over.wait()
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_PUT = _take

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        over.set()
        server.shutdown()
        server.server_close()
