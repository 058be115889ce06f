"""What the pods of tests run, and a node agent that knows it as an image.

``python pod_programs.py --name N --slot S`` runs the node agent with the image ``test/python``.
"""

import sys
from pathlib import Path

from sandbox.images import Image, UnknownImage
from sandbox.node.command import main

IMAGE = "test/python:1"
KUBERNETES_IMAGE = "test/kubernetes:1"
# Has a `litellm` that starts at once, for the chart.
CHART_IMAGE = "registry.test/litellm:1.0.0"

# Answers with its process id and variables. /slow takes as many seconds as the query says, /events
# sends one line in that interval, /break makes the health check fail. SIGTERM lets it finish.
SERVER = r"""
import http.server, json, os, signal, sys, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    well = True

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/events":
            return self.events(float(query))
        if path == "/slow":
            print("slow", flush=True)
            time.sleep(float(query))
        if path == "/break":
            Handler.well = False
        status = 200 if Handler.well or path != "/health" else 500
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = {"pid": os.getpid(), "environment": dict(os.environ), "headers": headers}
        self.answer(status, json.dumps(answer).encode())

    def do_POST(self):
        self.answer(200, self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def events(self, interval):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(5):
            line = f"data: {number}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            time.sleep(interval)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *arguments):
        pass

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

print("serving", flush=True)
server = Server((os.environ["POD_IP"], 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(poll_interval=0.05)
server.server_close()
"""


def resolve(reference: str) -> Image:
    """Return the interpreter that runs the tests, as an image."""
    if reference == CHART_IMAGE:
        programs = str(Path(__file__).with_name("programs"))
        return Image("test", "1", (programs, str(Path(sys.executable).parent)))
    if reference not in (IMAGE, KUBERNETES_IMAGE):
        raise UnknownImage(f"{reference}: only {IMAGE} is there")
    kubeconfig = reference == KUBERNETES_IMAGE
    environment = {"LANG": "C.UTF-8"}
    entrypoint = (sys.executable,)
    return Image("test", "1", (), environment, entrypoint, (), kubeconfig)


if __name__ == "__main__":
    main(resolve, UnknownImage)
