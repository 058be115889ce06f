"""The program that runs before a pod gets SIGTERM."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rendered_chart import CHART

DRAIN = CHART / "files" / "drain.py"


class Proxy(ThreadingHTTPServer):
    """Stands where the proxy does, and notes what it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("X-Drain-Token")))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def drain(port: int, pause: int, *, token: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "POD_IP": "127.0.0.1", "DRAIN_TOKEN": token}
    return subprocess.run(
        [sys.executable, "-c", DRAIN.read_text(), str(port), str(pause), "5"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_drain_endpoint_is_called_with_the_token(proxy: Proxy) -> None:
    assert drain(proxy.server_port, 0, token="t0ken").returncode == 0
    assert proxy.requests == [("/health/drain", "t0ken")]


def test_the_pod_stays_until_the_load_balancer_has_let_go_of_it(proxy: Proxy) -> None:
    started = time.monotonic()
    drain(proxy.server_port, 2, token="t0ken")
    assert time.monotonic() - started >= 2


def test_a_refused_drain_is_said_without_the_token(proxy: Proxy) -> None:
    proxy.status = 401
    done = drain(proxy.server_port, 0, token="hunter2")
    assert done.stderr == "the drain endpoint answered 401\n"


def test_a_dead_proxy_does_not_keep_the_pod_from_leaving(proxy: Proxy) -> None:
    port = proxy.server_port
    proxy.shutdown()
    proxy.server_close()
    done = drain(port, 0, token="t0ken")
    assert done.returncode == 0
    assert "did not answer" in done.stderr
