"""A provider of models on a loopback port that speaks OpenAI's and Anthropic's wire formats."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


class ModelServer:
    """Answers with ``answer``; keeps the requests that came in, in their order."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.url = ""

    def completion(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return status and body; a model named ``broken`` fails and repeats what it was sent."""
        if request["model"] == "broken":
            sent = json.dumps(request["messages"])
            return 400, {"error": {"message": f"input: {sent}", "type": "invalid_request_error"}}
        message: dict[str, Any] = {"role": "assistant", "content": self.answer}
        if request.get("tools"):
            arguments = json.dumps({"question": self.answer})
            function = {"name": request["tools"][0]["function"]["name"], "arguments": arguments}
            calls = [{"id": "call-1", "type": "function", "function": function}]
            message |= {"content": None, "tool_calls": calls}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return 200, {**self._head("chat.completion"), "choices": [choice], "usage": USAGE}

    def chunks(self) -> Iterator[dict[str, Any]]:
        """Yield the answer in pieces, as a stream does, and the usage last."""
        for piece in (self.answer[:5], self.answer[5:]):
            choice = {"index": 0, "delta": {"role": "assistant", "content": piece}}
            yield {**self._head("chat.completion.chunk"), "choices": [choice]}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        yield {**self._head("chat.completion.chunk"), "choices": [last], "usage": USAGE}

    def anthropic(self, request: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"msg_{len(self.requests)}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": [{"type": "text", "text": self.answer}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 7, "output_tokens": 3},
        }

    def _head(self, kind: str) -> dict[str, Any]:
        id = f"chatcmpl-{len(self.requests)}"
        return {"id": id, "object": kind, "created": 1767225600, "model": "gpt-4o-mini"}


@contextmanager
def running(answer: str) -> Iterator[ModelServer]:
    """Serve until the block ends."""
    model = ModelServer(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model.requests.append({"path": self.path, **request})
            if self.path.endswith("/messages"):
                self._send(200, "application/json", json.dumps(model.anthropic(request)))
            elif request.get("stream"):
                lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in model.chunks()]
                self._send(200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]))
            else:
                status, body = model.completion(request)
                self._send(status, "application/json", json.dumps(body))

        def _send(self, status: int, kind: str, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    model.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield model
    finally:
        server.shutdown()
        server.server_close()
