"""A web server that remembers what it is told, for tests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT = 8080


@dataclass(frozen=True)
class Receiver:
    """What was posted to a URL, oldest first."""

    url: str
    told: list[dict[str, Any]] = field(default_factory=list)

    def events(self, **wanted: object) -> list[dict[str, Any]]:
        """Return what was told with these values."""
        return [
            event
            for event in list(self.told)
            if all(event.get(key) == value for key, value in wanted.items())
        ]


@contextmanager
def running(address: str) -> Iterator[Receiver]:
    """Listen on port 8080 of an address until the end."""
    receiver = Receiver(f"http://{address}:{PORT}/alerts")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            receiver.told.append(json.loads(self.rfile.read(length)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep requests out of the tests' output."""

    server = ThreadingHTTPServer((address, PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
