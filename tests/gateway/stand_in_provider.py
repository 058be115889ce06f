"""A model provider on this machine that keeps what it is asked, and fails when it is told to."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

_REFUSED = {
    "error": {
        "message": "Your request was rejected by our safety system.",
        "type": "invalid_request_error",
        "code": "content_policy_violation",
    }
}
_TOO_LONG = {
    "error": {
        "message": "This model's maximum context length is 5 tokens.",
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }
}


class Provider:
    """Answers as OpenAI, Anthropic or Bedrock do, each model as its name says.

    A name that begins with ``fails`` gets an answer of 500, with ``refuses`` the refusal of a
    filter, with ``short`` the complaint that a request is too long.
    """

    url: str

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: list[dict[str, Any]] = []

    def bodies(self, model: str) -> list[dict[str, Any]]:
        """Return the requests for a model, oldest first."""
        with self._lock:
            return [body for body in self._bodies if body.get("model") == model]

    @property
    def calls(self) -> Counter[str]:
        with self._lock:
            return Counter(body.get("model") for body in self._bodies)

    def answer(self, path: str, sent: dict[str, Any]) -> tuple[int, Any]:
        converse = re.fullmatch(r"/model/(.+)/converse", path)
        body = {"model": unquote(converse[1]), **sent} if converse else sent
        with self._lock:
            self._bodies.append(body)
        model = body["model"]
        if model.startswith("fails"):
            return 500, {"error": {"message": "broken", "type": "server_error"}}
        if model.startswith("refuses"):
            return 400, _REFUSED
        if model.startswith("short"):
            return 400, _TOO_LONG
        said = f"hello from {model}"
        if converse:
            return 200, {
                "output": {"message": {"role": "assistant", "content": [{"text": said}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 3, "outputTokens": 3, "totalTokens": 6},
            }
        if path.endswith("/messages"):
            return 200, {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": model,
                "content": [{"type": "text", "text": said}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 3, "output_tokens": 3},
            }
        message = {"role": "assistant", "content": said}
        return 200, {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6},
        }


@contextmanager
def running(address: str) -> Iterator[Provider]:
    """Listen on port 8080 of an address until the end."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            status, body = provider.answer(self.path, json.loads(self.rfile.read(length)))
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer((address, 8080), Handler)
    provider.url = f"http://{address}:8080"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
